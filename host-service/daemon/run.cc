// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/run.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>

#include "common/text.h"
#include "host-service/api/server.h"
#include "host-service/capacity/host_capacity.h"
#include "host-service/config/reload.h"
#include "host-service/confinement/numa_confiner.h"
#include "host-service/control/confinement_thread.h"
#include "host-service/control/controller.h"
#include "host-service/control/residency_loop.h"
#include "host-service/daemon/engine_options.h"
#include "host-service/daemon/event_log.h"
#include "host-service/daemon/instance_lock.h"
#include "host-service/daemon/log.h"
#include "host-service/daemon/wiring.h"
#include "host-service/domain/describe.h"
#include "host-service/ledger/sqlite_ledger.h"
#include "host-service/libvirt/libvirt_hypervisor.h"
#include "host-service/metrics/event_counts.h"
#include "host-service/metrics/exposition.h"
#include "host-service/residency/proc_residency_probe.h"
#include "host-service/web/server.h"

namespace hypertier::daemon {
namespace {

ExitCode Fail(ExitCode code, const absl::Status& status) {
  LogEvent(spdlog::level::critical, "failed", ToString(status.message()));
  return absl::IsAlreadyExists(status) && code != kExitLedger ? kExitRunning : code;
}

// SIGTERM, SIGINT and SIGHUP are for WaitForEnd alone, in every thread that is made later.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, number);
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  return ours;
}

// Returns when hypertierd is asked to end. Until then keeps systemd's watchdog content for as long as control goes
// round, and reloads when asked to.
void WaitForEnd(const sigset_t& ours, const control::Controller& controller, const std::function<void()>& reload) {
  std::uint64_t watchdog_us = 0;
  const bool watched = sd_watchdog_enabled(0, &watchdog_us) > 0;
  const absl::Duration limit = absl::Microseconds(static_cast<std::int64_t>(watchdog_us));
  const timespec wait = absl::ToTimespec(watched ? limit / 3 : absl::Hours(1));
  while (true) {
    const int signal = sigtimedwait(&ours, nullptr, &wait);
    if (signal == SIGHUP) {
      reload();
    } else if (signal > 0) {
      LogEvent(spdlog::level::info, "stopping", fmt::format("{}: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT"));
      return;
    }
    if (watched && controller.SinceLastRound() < limit / 2) sd_notify(0, "WATCHDOG=1");
  }
}

// Null where VMs cannot be confined on this host.
std::unique_ptr<Confiner> MakeConfiner(const Config::Qos& qos, const ProcResidencyProbe& probe) {
  if (!qos.confine) return nullptr;
  const absl::StatusOr<PerTier<std::vector<int>>> nodes = TierNodes(CapacityOptionsOf(qos));
  if (!nodes.ok() || nodes->fmem().empty() || nodes->smem().empty()) {
    spdlog::info("violating VMs are not confined: {}; set qos.fmem_nodes and qos.smem_nodes to nodes that the host has",
                 nodes.ok() ? "the host has no nodes of both tiers" : ToString(nodes.status().message()));
    return nullptr;
  }
  NumaConfiner::Options options;
  options.nodes = *nodes;
  return std::make_unique<NumaConfiner>(std::move(options), &probe);
}

// The last good configuration stays in force.
void ReloadConfig(const ConfigReader& read, Config& running, control::Controller& controller) {
  const absl::StatusOr<Config> wanted = read();
  if (!wanted.ok()) {
    std::string errors = ToString(wanted.status().message());
    std::replace(errors.begin(), errors.end(), '\n', ' ');
    LogEvent(spdlog::level::err, "config_refused",
             fmt::format("SIGHUP: the configuration is not good, and the last one stays in force: {}", errors));
    controller.ReportConfig("the configuration is not good, and the last one stays in force: " + errors);
    return;
  }
  Reloaded reloaded = Reload(running, *wanted);
  running = std::move(reloaded.config);
  spdlog::set_level(spdlog::level::from_str(running.log.level));
  controller.Configure(EngineOptionsOf(running));
  if (reloaded.need_restart.empty()) {
    LogEvent(spdlog::level::info, "config_reloaded", "SIGHUP: the new configuration is in force");
    controller.ReportConfig("");
    return;
  }
  const std::string waits =
      fmt::format("what the configuration says of {} takes a restart", fmt::join(reloaded.need_restart, ", "));
  LogEvent(spdlog::level::warn, "config_reloaded", fmt::format("SIGHUP: the new configuration is in force; {}", waits));
  controller.ReportConfig(waits);
}

}  // namespace

ExitCode Run(const Config& config, const ConfigReader& read) {
  const sigset_t signals = BlockSignals();
  // Files are ours alone; the API's socket gets its mode once it is there.
  umask(0077);

  auto lock = InstanceLock::Take(config.state.ledger);
  if (!lock.ok()) return Fail(absl::IsAlreadyExists(lock.status()) ? kExitRunning : kExitLedger, lock.status());
  auto ledger = OpenLedger(config.state.ledger);
  if (!ledger.ok()) return Fail(kExitLedger, ledger.status());

  // Declared in the order in which they must end last: control's thread is stopped before what it commands is gone.
  EventLog log;
  metrics::EventCounts events;
  Wiring wiring;
  ProcResidencyProbe probe({.root = "", .run_dir = config.libvirt.run_dir});
  control::ResidencyLoop residency(
      {.period = config.residency.period}, &probe,
      [&wiring](const std::string& uuid, absl::StatusOr<PerTier<Bytes>> resident, absl::Duration began) {
        wiring.controller->OnResidency(uuid, std::move(resident), began);
      });
  const std::unique_ptr<Confiner> confiner = MakeConfiner(config.qos, probe);
  std::unique_ptr<control::ConfinementThread> confinement;
  if (confiner != nullptr) {
    confinement = std::make_unique<control::ConfinementThread>(
        confiner.get(), [&wiring](const std::string& uuid, absl::StatusOr<Confinement> confined) {
          wiring.controller->OnConfined(uuid, std::move(confined));
        });
  }
  control::EngineWorld world{
      .agents = &wiring,
      .domains = &wiring,
      .residency = &residency,
      .confinement = confinement.get(),
      .ledger = ledger->get(),
      .describe = domain::DescribeDomain,
      .on_event =
          [&log, &events](const control::Vm& vm, const control::VmEvent& event) {
            events.Count(event.kind);
            log.Note(vm, event);
          },
      .on_operation = [&log](const control::Vm* vm, const OperationRecord& operation) { log.Operation(vm, operation); },
      .on_connection = [&log](bool connected, const std::string& detail) { log.Connection(connected, detail); },
      .on_trouble = [&log](const control::Vm* vm, const std::string& what,
                           const absl::Status& status) { log.Trouble(vm, what, status); }};
  control::Controller controller(EngineOptionsOf(config), std::move(world));
  wiring.controller = &controller;

  channel::LinkOptions link_options;
  link_options.host_version = HYPERTIER_VERSION;
  link_options.report_interval = absl::ToChronoMilliseconds(config.agent.report_interval);
  auto channel = MakeAgentChannel(link_options, wiring);
  if (!channel.ok()) return Fail(kExitFailure, channel.status());
  wiring.channel = channel->get();

  LibvirtHypervisor::Options libvirt_options;
  libvirt_options.uri = config.libvirt.uri;
  libvirt_options.workers = config.libvirt.workers;
  libvirt_options.call_timeout = config.libvirt.call_timeout;
  LibvirtHypervisor hypervisor(libvirt_options);
  wiring.hypervisor = &hypervisor;

  if (const absl::Status started = controller.Start(); !started.ok()) return Fail(kExitLedger, started);
  const auto stop = [&] {
    controller.Stop();
    residency.Stop();
    if (confinement != nullptr) confinement->Stop();
    hypervisor.Stop();
    channel->reset();
  };
  hypervisor.Start(&controller);

  metrics::RpcStats rpcs;
  auto server = api::Server::Start({.listen = config.listen.grpc,
                                    .socket_mode = config.listen.socket_mode,
                                    .socket_group = config.listen.socket_group},
                                   &controller, &rpcs);
  if (!server.ok()) {
    stop();
    return Fail(kExitListen, server.status());
  }
  const metrics::Collector::Sources sources{.fleet = &controller,
                                            .periods = &controller.periods(),
                                            .events = &events,
                                            .libvirt = &hypervisor.stats(),
                                            .rpcs = &rpcs,
                                            .ledger = ledger->get()};
  const auto collector = std::make_shared<metrics::Collector>(
      sources, metrics::Collector::Options{.version = HYPERTIER_VERSION, .per_vm = config.metrics.per_vm});
  std::unique_ptr<prometheus::Exposer> exposer;
  if (!config.listen.metrics.empty()) {
    auto exposed = metrics::Expose(config.listen.metrics, collector);
    if (!exposed.ok()) {
      server->reset();
      stop();
      return Fail(kExitListen, exposed.status());
    }
    exposer = *std::move(exposed);
  }
  std::unique_ptr<web::Server> page;
  if (!config.listen.status.empty()) {
    auto serving = web::Server::Start({.listen = config.listen.status, .version = HYPERTIER_VERSION}, &controller);
    if (!serving.ok()) {
      exposer.reset();
      server->reset();
      stop();
      return Fail(kExitListen, serving.status());
    }
    page = *std::move(serving);
  }

  const auto or_off = [](const std::string& address) { return address.empty() ? "off" : address.c_str(); };
  LogEvent(
      spdlog::level::info, "started",
      fmt::format("hypertierd {} serves {} for {}; metrics: {}; status page: {}", HYPERTIER_VERSION, config.listen.grpc,
                  config.libvirt.uri, or_off(config.listen.metrics), or_off(config.listen.status)));
  sd_notify(0, "READY=1");
  Config running = config;
  WaitForEnd(signals, controller, [&] { ReloadConfig(read, running, controller); });
  sd_notify(0, "STOPPING=1");
  page.reset();
  exposer.reset();
  server->reset();
  stop();
  return kExitOk;
}

}  // namespace hypertier::daemon

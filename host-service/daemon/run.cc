// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/run.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <csignal>
#include <memory>

#include "common/id_list.h"
#include "common/text.h"
#include "host-service/api/server.h"
#include "host-service/capacity/host_capacity.h"
#include "host-service/confinement/numa_confiner.h"
#include "host-service/control/confinement_thread.h"
#include "host-service/control/controller.h"
#include "host-service/control/residency_loop.h"
#include "host-service/daemon/event_log.h"
#include "host-service/daemon/instance_lock.h"
#include "host-service/daemon/wiring.h"
#include "host-service/domain/describe.h"
#include "host-service/ledger/sqlite_ledger.h"
#include "host-service/libvirt/libvirt_hypervisor.h"
#include "host-service/metrics/exposition.h"
#include "host-service/policy/parse.h"
#include "host-service/residency/proc_residency_probe.h"

namespace hypertier::daemon {
namespace {

ExitCode Fail(ExitCode code, const absl::Status& status) {
  spdlog::critical("{}", ToString(status.message()));
  return absl::IsAlreadyExists(status) && code != kExitLedger ? kExitRunning : code;
}

// SIGTERM and SIGINT are for WaitForEnd alone, in every thread that is made later.
sigset_t BlockEndSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigaddset(&end, SIGINT);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  return end;
}

// Returns when hypertierd is asked to end. Until then keeps systemd's watchdog content for as long as control goes
// round.
void WaitForEnd(const sigset_t& end, const control::Controller& controller) {
  std::uint64_t watchdog_us = 0;
  const bool watched = sd_watchdog_enabled(0, &watchdog_us) > 0;
  const absl::Duration limit = absl::Microseconds(static_cast<std::int64_t>(watchdog_us));
  const timespec wait = absl::ToTimespec(watched ? limit / 3 : absl::Hours(1));
  while (true) {
    const int signal = sigtimedwait(&end, nullptr, &wait);
    if (signal > 0) {
      spdlog::info("{}: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
      return;
    }
    if (watched && controller.SinceLastRound() < limit / 2) sd_notify(0, "WATCHDOG=1");
  }
}

CapacityOptions CapacityOptionsOf(const Config::Qos& qos) {
  CapacityOptions options;
  options.reserve = {qos.fmem_reserve, qos.smem_reserve};
  if (qos.fmem_capacity > Bytes()) options.size.fmem() = qos.fmem_capacity;
  if (qos.smem_capacity > Bytes()) options.size.smem() = qos.smem_capacity;
  // They have been checked with the rest of the configuration.
  if (!qos.fmem_nodes.empty()) options.nodes.fmem() = *ParseIdList(qos.fmem_nodes);
  if (!qos.smem_nodes.empty()) options.nodes.smem() = *ParseIdList(qos.smem_nodes);
  return options;
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

control::EngineOptions::Qos QosOptionsOf(const Config& config) {
  control::EngineOptions::Qos options;
  options.period = config.qos.period;
  options.default_mode = *policy::ParseMode(config.qos.default_mode);
  options.classes = config.classes;
  if (config.qos.policy == "off") return options;
  options.policy = *qos::MakeBurstPolicy(config.qos.policy);
  options.policy_name = config.qos.policy;
  const absl::StatusOr<PerTier<Bytes>> capacity = FindCapacity(CapacityOptionsOf(config.qos));
  if (capacity.ok()) {
    options.capacity = *capacity;
    spdlog::info("VMs may have {} of fmem and {} of smem; what nobody reserved is lent by the policy {}",
                 FormatBytes(capacity->fmem()), FormatBytes(capacity->smem()), config.qos.policy);
  } else {
    options.off = ToString(capacity.status().message());
    spdlog::info("no targets are planned: {}", options.off);
  }
  return options;
}

control::EngineOptions::Enforcement::Action ActionOf(const std::string& on_violation) {
  using Action = control::EngineOptions::Enforcement::Action;
  if (on_violation == "pause") return Action::kPause;
  return on_violation == "destroy" ? Action::kDestroy : Action::kReport;
}

control::EngineOptions EngineOptionsOf(const Config& config) {
  control::EngineOptions options;
  options.attach_channel = config.agent.attach_channel;
  options.stale_after = config.agent.stale_after;
  options.resize_timeout = config.resize.timeout;
  options.floors = {config.resize.fmem_floor, config.resize.smem_floor};
  options.slack = config.residency.slack;
  options.qos = QosOptionsOf(config);
  options.overstay_patience = 2 * config.qos.period;
  options.enforcement = {
      .confine = config.qos.confine, .action = ActionOf(config.qos.on_violation), .grace = config.qos.violation_grace};
  return options;
}

}  // namespace

ExitCode Run(const Config& config) {
  const sigset_t end = BlockEndSignals();
  // Files are ours alone; the API's socket gets its mode once it is there.
  umask(0077);

  auto lock = InstanceLock::Take(config.state.ledger);
  if (!lock.ok()) return Fail(absl::IsAlreadyExists(lock.status()) ? kExitRunning : kExitLedger, lock.status());
  auto ledger = OpenLedger(config.state.ledger);
  if (!ledger.ok()) return Fail(kExitLedger, ledger.status());

  // Declared in the order in which they must end last: control's thread is stopped before what it commands is gone.
  EventLog log;
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
      .on_event = [&log](const control::Vm& vm, const control::VmEvent& event) { log.Note(vm, event); },
      .on_connection = [&log](bool connected, const std::string& detail) { log.Connection(connected, detail); },
      .on_trouble = [&log](const std::string& what, const absl::Status& status) { log.Trouble(what, status); }};
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
  const auto collector = std::make_shared<metrics::Collector>(&controller, &rpcs, HYPERTIER_VERSION);
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

  spdlog::info("hypertierd {} serves {} for {}; metrics: {}", HYPERTIER_VERSION, config.listen.grpc, config.libvirt.uri,
               config.listen.metrics.empty() ? "off" : config.listen.metrics);
  sd_notify(0, "READY=1");
  WaitForEnd(end, controller);
  sd_notify(0, "STOPPING=1");
  exposer.reset();
  server->reset();
  stop();
  return kExitOk;
}

}  // namespace hypertier::daemon

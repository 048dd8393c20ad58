// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/run.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "common/text.h"
#include "common/unique_fd.h"
#include "guest-agent/placement/placement_thread.h"
#include "guest-agent/system/event_loop.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

Identity WhoAmI(const std::string& root) {
  Identity identity;
  identity.agent_version = HYPERTIER_VERSION;
  utsname name = {};
  if (uname(&name) == 0) identity.kernel_release = name.release;
  identity.boot_id = Trim(ReadFile(root + "/proc/sys/kernel/random/boot_id", 128).value_or(""));
  return identity;
}

// Blocked in this thread and in those that it starts.
UniqueFd StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

// For benchmarks and for those who watch one guest; everybody else has the host's metrics.
void PrintFigures(Time now, const PlacementFigures& figures) {
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  fmt::print(
      stderr,
      "{{\"time\": {:.3f}, \"source\": \"{}\", \"hit_ratio\": {:.4f}, \"access_rate\": {:.0f}, \"hot_set_bytes\": {}, "
      "\"ranges\": {}, \"processes\": {}, \"samples\": {}, \"samples_lost\": {}, \"sample_period\": {}, "
      "\"exchanged_bytes\": {}, \"promoted_bytes\": {}, \"demoted_bytes\": {}, \"refused_pages\": {}, "
      "\"tlb_flushes\": {}, \"sampling_cpu_ns\": {}, \"classification_cpu_ns\": {}, \"migration_cpu_ns\": {}}}\n",
      seconds, figures.source, figures.hit_ratio.value_or(-1), figures.access_rate, figures.hot_set.count(),
      figures.ranges, figures.processes, figures.samples, figures.samples_lost, figures.sample_period,
      figures.exchanged.count(), figures.promoted.count(), figures.demoted.count(), figures.refused_pages,
      figures.tlb_flushes, figures.sampling_cpu_ns, figures.classification_cpu_ns, figures.migration_cpu_ns);
}

// Null when nothing is placed, and then it has said why.
std::unique_ptr<PlacementThread> StartPlacement(PlacementOptions options, absl::Status& status) {
  absl::StatusOr<std::unique_ptr<Placement>> placement = Placement::Create(std::move(options));
  if (!placement.ok()) {
    status = placement.status();
    return nullptr;
  }
  const PlacementFigures figures = (*placement)->Figures();
  if (figures.source.empty()) {
    spdlog::warn("placement: off: {}", figures.source_reason);
  } else {
    spdlog::info("placement: accesses are known from {}: {}", figures.source, figures.source_reason);
  }
  return std::make_unique<PlacementThread>(*std::move(placement));
}

}  // namespace

int Run(CommandLine line) {
  const UniqueFd stop_signal = StopSignals();
  absl::StatusOr<EventLoop> loop = EventLoop::Create();
  bool stop = false;
  absl::Status status = loop.status();
  if (status.ok()) status = loop->Watch(stop_signal.get(), EPOLLIN, [&stop](std::uint32_t) { stop = true; });
  std::unique_ptr<PlacementThread> placement;
  spdlog::info("hypertier-agent {} starts", HYPERTIER_VERSION);
  if (status.ok()) placement = StartPlacement(std::move(line.placement), status);
  if (!status.ok()) {
    spdlog::error("cannot start: {}", ToString(status.message()));
    return 1;
  }
  line.agent.identity = WhoAmI(line.agent.root);
  line.agent.placement = placement.get();
  Agent agent(std::move(line.agent), *loop);
  const bool print = line.placement_log.count() > 0;
  Time print_due = print ? Clock::now() : Time::max();
  while (!stop) {
    const Time now = Clock::now();
    if (now >= print_due) {
      PrintFigures(now, *placement->figures());
      print_due = now + line.placement_log;
    }
    loop->Wait(std::min(agent.Run(now), print_due));
  }
  spdlog::info("stopped; the balloons and pages stay as they are");
  return 0;
}

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/run.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "common/text.h"
#include "guest-agent/hyperflex/balloon_guest.h"
#include "guest-agent/metrics/endpoint.h"
#include "guest-agent/metrics/exposition.h"
#include "guest-agent/placement/placement_thread.h"
#include "guest-agent/system/event_loop.h"
#include "guest-agent/system/file.h"
#include "guest-agent/system/log_event.h"
#include "guest-agent/system/stop_signals.h"

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

AgentFigures FiguresOf(const Agent& agent, BalloonGuest& seen) {
  AgentFigures figures{
      .version = HYPERTIER_VERSION, .link_up = agent.linked(), .balloons = {}, .placement = seen.Placement()};
  if (absl::StatusOr<BalloonFigures> balloons = seen.Balloons(); balloons.ok()) {
    figures.balloons = *std::move(balloons);
  }
  return figures;
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

}  // namespace

int Run(CommandLine line) {
  const UniqueFd stop_signal = StopSignals();
  absl::StatusOr<EventLoop> loop = EventLoop::Create();
  bool stop = false;
  absl::Status status = loop.status();
  if (status.ok()) status = loop->Watch(stop_signal.get(), EPOLLIN, [&stop](std::uint32_t) { stop = true; });
  LogEvent(spdlog::level::info, "started", "hypertier-agent {} starts", HYPERTIER_VERSION);
  absl::StatusOr<std::unique_ptr<Placement>> placed;
  if (status.ok()) {
    placed = Placement::Create(std::move(line.placement));
    status = placed.status();
  }
  if (!status.ok()) {
    LogEvent(spdlog::level::err, "failed", "cannot start: {}", ToString(status.message()));
    return absl::IsInvalidArgument(status) ? kExitUsage : 1;
  }
  PlacementThread placement(*std::move(placed));
  line.agent.identity = WhoAmI(line.agent.root);
  line.agent.placement = &placement;
  // Opens of its own: what the session waits for must not be read away from it.
  BalloonGuest seen(line.agent.root, line.agent.device, &placement);
  Agent agent(std::move(line.agent), *loop);
  absl::StatusOr<std::unique_ptr<MetricsEndpoint>> metrics = nullptr;
  if (!line.metrics.empty()) {
    metrics = MetricsEndpoint::Listen(line.metrics, *loop, [&] { return Expose(FiguresOf(agent, seen)); });
    if (!metrics.ok()) {
      LogEvent(spdlog::level::err, "failed", "cannot start: {}", ToString(metrics.status().message()));
      return absl::IsInvalidArgument(metrics.status()) ? kExitUsage : 1;
    }
    LogEvent(spdlog::level::info, "metrics", "metrics are at http://{}/metrics", line.metrics);
  }
  const bool print = line.placement_log.count() > 0;
  Time print_due = print ? Clock::now() : Time::max();
  while (!stop) {
    const Time now = Clock::now();
    if (now >= print_due) {
      PrintFigures(now, *placement.figures());
      print_due = now + line.placement_log;
    }
    const Time metrics_due = *metrics != nullptr ? (*metrics)->Run(now) : Time::max();
    loop->Wait(std::min({agent.Run(now), print_due, metrics_due}));
  }
  LogEvent(spdlog::level::info, "stopping", "stopped; the balloons and pages stay as they are");
  return 0;
}

}  // namespace hypertier::agent

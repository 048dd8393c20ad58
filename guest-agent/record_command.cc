// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "common/text.h"
#include "guest-agent/access/choose.h"
#include "guest-agent/access/trace_writer.h"
#include "guest-agent/hyperplace/device.h"
#include "guest-agent/placement/effort.h"
#include "guest-agent/ranges/classifier.h"
#include "guest-agent/run.h"
#include "guest-agent/system/event_loop.h"
#include "guest-agent/system/stop_signals.h"
#include "guest-agent/targets/discovery.h"

namespace hypertier::agent {
namespace {

// Records until the time is over, the file is full, or `stop`.
absl::Status Carry(const CommandLine& line, AccessSource& source, EventLoop& loop, const bool& stop) {
  absl::StatusOr<ranges::Classifier> classifier = ranges::Classifier::Create(line.placement.ranges);
  if (!classifier.ok()) return classifier.status();
  absl::StatusOr<TraceWriter> writer = TraceWriter::Create(line.output, line.most);
  if (!writer.ok()) return writer.status();
  Discovery discovery(line.placement.root, line.placement.discovery);
  TargetTable targets;
  std::vector<ranges::Sample> samples;
  const ranges::Time end = std::chrono::steady_clock::now() + line.duration;
  absl::Status status;
  for (ranges::Time now; !stop && status.ok() && (now = std::chrono::steady_clock::now()) < end;) {
    if (now >= discovery.NextDeadline()) discovery.Run(now, targets, *classifier);
    samples.clear();
    source.Poll(now, targets, samples);
    status = writer->Write(now, targets, samples);
    loop.Wait(std::min({end, discovery.NextDeadline(), source.NextDeadline()}));
  }
  // A trace that is as long as it may be is a good one.
  if (absl::IsResourceExhausted(status)) {
    spdlog::warn("{}", ToString(status.message()));
    status = absl::OkStatus();
  }
  if (status.ok()) status = writer->Finish();
  if (status.ok()) {
    spdlog::info("{}: {} samples of {} processes, {}", line.output, source.stats().samples, targets.all().size(),
                 FormatBytes(writer->written()));
  }
  return status;
}

}  // namespace

int Record(const CommandLine& line) {
  const UniqueFd stop_signal = StopSignals();
  bool stop = false;
  HyperplaceDevice device(line.placement.root, line.placement.hyperplace);
  absl::StatusOr<ChosenSource> source = ChooseSource(line.placement.source, Effort::kSettled.sampling, device);
  absl::Status status = source.status();
  if (status.ok() && source->source == nullptr) status = absl::FailedPreconditionError(source->reason);
  absl::StatusOr<EventLoop> loop = EventLoop::Create();
  if (status.ok()) status = loop.status();
  if (status.ok()) status = loop->Watch(stop_signal.get(), EPOLLIN, [&stop](std::uint32_t) { stop = true; });
  if (status.ok()) status = Carry(line, *source->source, *loop, stop);
  if (status.ok()) return 0;
  spdlog::error("cannot record: {}", ToString(status.message()));
  return absl::IsInvalidArgument(status) ? kExitUsage : 1;
}

}  // namespace hypertier::agent

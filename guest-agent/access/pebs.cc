// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/pebs.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "guest-agent/system/cpu_budget.h"
#include "guest-agent/system/file.h"
#include "guest-agent/system/id_list.h"

namespace hypertier::agent {
namespace {

constexpr std::chrono::seconds kFollowInterval{5};
constexpr std::chrono::seconds kControlInterval{1};
// Rings are looked at so often that they are half full at most, as far as the last time tells.
constexpr std::chrono::milliseconds kLeastReadInterval{20};
constexpr std::chrono::milliseconds kMostReadInterval{1000};
constexpr double kFill = 0.5;

constexpr int kCalibrationCalls = 256;
constexpr int kCallsARecord = 3;
constexpr std::chrono::nanoseconds kLeastRecordCost{100};
constexpr std::chrono::nanoseconds kMostRecordCost{50'000};

std::chrono::nanoseconds MeasureRecordCost() {
  const std::chrono::nanoseconds begin = ThreadCpuTime();
  for (int i = 0; i < kCalibrationCalls; ++i) syscall(SYS_getppid);
  const std::chrono::nanoseconds call = (ThreadCpuTime() - begin) / kCalibrationCalls;
  return std::clamp(call * kCallsARecord, kLeastRecordCost, kMostRecordCost);
}

}  // namespace

Pebs::Pebs(PerfKernel& kernel, std::string root, PebsOptions options, double share_of_cpu)
    : kernel_(kernel),
      root_(std::move(root)),
      options_(options),
      threshold_(LoadLatencyCycles(root_, options.load_latency)),
      leader_(LoadsLeader(root_)),
      record_cost_(options.record_cost.count() > 0 ? options.record_cost : MeasureRecordCost()),
      stores_(options.store_period > 0),
      period_(share_of_cpu) {}

absl::StatusOr<std::unique_ptr<Pebs>> Pebs::Create(PerfKernel& kernel, std::string root, PebsOptions options,
                                                   double share_of_cpu) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  std::unique_ptr<Pebs> pebs(new Pebs(kernel, std::move(root), options, share_of_cpu));
  const absl::Status status = pebs->FollowCpus();
  if (pebs->cpus_.empty()) return status;
  return pebs;
}

absl::Status Pebs::OpenCpu(int number) {
  Cpu cpu;
  PebsEventSpec spec;
  spec.period = period_.Period(options_.load_period);
  spec.threshold = threshold_;
  spec.wakeup = static_cast<std::uint32_t>(ring_bytes_ / 2);
  spec.leader = leader_;
  absl::StatusOr<PebsEvent> loads = OpenPebsEvent(kernel_, root_, spec, -1, number);
  if (!loads.ok()) return loads.status();
  cpu.loads = *std::move(loads);
  void* memory = nullptr;
  if (const int error = kernel_.Map(cpu.loads.event.get(), ring_bytes_, memory); error != 0) {
    return absl::ResourceExhaustedError(
        fmt::format("cannot map perf's ring of {} KiB for CPU {}: {}: raise LimitMEMLOCK or kernel.perf_event_mlock_kb",
                    ring_bytes_ / 1024, number, std::strerror(error)));
  }
  cpu.mapping = PerfMapping(kernel_, memory, ring_bytes_);
  cpu.ring = PerfRing(memory, kernel_.page_bytes(), ring_bytes_);
  if (stores_) {
    spec.kind = PebsEventKind::kStores;
    spec.period = period_.Period(options_.store_period);
    absl::StatusOr<PebsEvent> stores = OpenPebsEvent(kernel_, root_, spec, -1, number);
    if (stores.ok() && kernel_.SetOutput(stores->event.get(), cpu.loads.event.get()) == 0) {
      cpu.stores = *std::move(stores);
    } else if (cpus_.empty()) {
      // Not on the first CPU: then on none.
      stores_ = false;
    }
  }
  if (kernel_.Enable(cpu.loads.group()) != 0) return absl::InternalError("perf: cannot enable the event of the loads");
  if (cpu.stores.event) kernel_.Enable(cpu.stores.group());
  cpus_.emplace(number, std::move(cpu));
  return absl::OkStatus();
}

absl::Status Pebs::FollowCpus() {
  const absl::StatusOr<std::vector<int>> online = ReadIdList(root_ + kOnlineCpus);
  if (!online.ok()) return online.status();
  if (ring_bytes_ == 0) {
    const std::uint64_t each = options_.rings.count() / std::max<std::size_t>(online->size(), 1);
    const std::uint64_t bytes = std::max<std::uint64_t>(std::min(options_.ring.count(), each), kernel_.page_bytes());
    ring_bytes_ = static_cast<std::size_t>(std::bit_floor(bytes));
  }
  std::erase_if(cpus_, [&](const auto& item) {
    if (std::binary_search(online->begin(), online->end(), item.first)) return false;
    malformed_ += item.second.ring.malformed();
    return true;
  });
  absl::Status first = absl::OkStatus();
  for (const int number : *online) {
    if (cpus_.contains(number)) continue;
    const absl::Status status = OpenCpu(number);
    if (first.ok()) first = status;
    // What is refused for good is refused on every CPU.
    if (!status.ok() && cpus_.empty()) break;
  }
  return first;
}

void Pebs::Read(Cpu& cpu, const TargetTable& targets, std::vector<ranges::Sample>& samples) {
  PerfRecord record;
  pid_t last_pid = 0;
  const Target* target = nullptr;
  cpu.ring.Begin();
  while (cpu.ring.Next(record)) {
    if (record.kind == PerfRecord::Kind::kLost) stats_.lost += record.lost;
    if (record.kind == PerfRecord::Kind::kThrottle) ++stats_.throttled;
    if (record.kind != PerfRecord::Kind::kSample) continue;
    ++control_records_;
    if (record.address == 0 || record.address >= ranges::kAddressLimit || record.period == 0) {
      ++stats_.bad;
      continue;
    }
    // The event of the stores counts them all. What the cache took costs the same in either tier.
    if (record.first_level) continue;
    // Records of a process come in runs, from one context switch to the next.
    if (record.pid != last_pid) {
      last_pid = record.pid;
      target = record.pid > 0 ? targets.FindPid(record.pid) : nullptr;
    }
    if (target == nullptr) {
      ++stats_.foreign;
      continue;
    }
    ++stats_.samples;
    samples.push_back(
        {target->id, record.address, static_cast<std::uint32_t>(std::min<std::uint64_t>(record.period, UINT32_MAX))});
  }
  cpu.ring.End();
}

void Pebs::ControlPeriod(ranges::Time now) {
  if (control_since_ == ranges::Time::min()) control_since_ = now;
  if (now - control_since_ < kControlInterval) return;
  const PeriodControl::Cost spent{control_cost_,
                                  record_cost_ * static_cast<std::chrono::nanoseconds::rep>(control_records_)};
  const bool changed = period_.Update(now - control_since_, spent, stats_.throttled > control_throttled_);
  control_since_ = now;
  control_cost_ = {};
  control_records_ = 0;
  control_throttled_ = stats_.throttled;
  if (changed) SetPeriods();
}

void Pebs::SetBudget(double share_of_cpu) {
  if (period_.SetBudget(share_of_cpu)) SetPeriods();
}

void Pebs::SetPeriods() {
  // What fails here fails for a CPU that goes away.
  for (auto& [number, cpu] : cpus_) {
    kernel_.SetPeriod(cpu.loads.event.get(), period_.Period(options_.load_period));
    if (cpu.stores.event) kernel_.SetPeriod(cpu.stores.event.get(), period_.Period(options_.store_period));
  }
}

void Pebs::Poll(ranges::Time now, const TargetTable& targets, std::vector<ranges::Sample>& samples) {
  const std::chrono::nanoseconds begin = ThreadCpuTime();
  if (follow_due_ == ranges::Time::min()) follow_due_ = now + kFollowInterval;
  if (now >= follow_due_) {
    follow_due_ = now + kFollowInterval;
    // Seen again the next time.
    FollowCpus().IgnoreError();
  }
  double fullest = 0;
  for (auto& [number, cpu] : cpus_) {
    Read(cpu, targets, samples);
    fullest = std::max(fullest, static_cast<double>(cpu.ring.filled()) / static_cast<double>(cpu.ring.size()));
  }
  const ranges::Seconds since = polled_ == ranges::Time::min() ? ranges::Seconds(0) : now - polled_;
  polled_ = now;
  ranges::Seconds next = kMostReadInterval;
  if (fullest > 0) next = std::min(next, std::max(since, ranges::Seconds(kLeastReadInterval)) * (kFill / fullest));
  due_ =
      now + std::chrono::duration_cast<std::chrono::nanoseconds>(std::max<ranges::Seconds>(next, kLeastReadInterval));
  control_cost_ += ThreadCpuTime() - begin;
  ControlPeriod(now);
}

AccessStats Pebs::stats() const {
  AccessStats stats = stats_;
  stats.bad += malformed_;
  for (const auto& [number, cpu] : cpus_) stats.bad += cpu.ring.malformed();
  stats.period = period_.Period(options_.load_period);
  return stats;
}

}  // namespace hypertier::agent

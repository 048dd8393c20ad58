// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/probe.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstring>

#include "common/text.h"
#include "guest-agent/access/pebs_event.h"
#include "guest-agent/access/perf_ring.h"
#include "guest-agent/system/id_list.h"

namespace hypertier::agent {
namespace {

// The least threshold that hardware takes, so that it does not matter which cache the buffer fits: all that matters is
// that the first level does not serve it.
constexpr std::uint64_t kThreshold = 3;
constexpr std::uint64_t kPeriod = 211;
constexpr std::size_t kRing = 128 * 1024;
constexpr std::size_t kBuffer = 8 * 1024 * 1024;
constexpr std::uint64_t kLine = 64;
// 700 records, or a few dozen where the hardware follows one load in many.
constexpr unsigned kAccesses = 150'000;
// Fewer may be an accident.
constexpr std::uint64_t kLeastRecords = 8;
// The loop makes hardly any other access, but signals and lazy binding do.
constexpr double kLeastShare = 0.5;

// Memory of our own, given back at the end.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (good()) munmap(memory_, kBuffer);
  }
  bool good() const { return memory_ != MAP_FAILED; }
  // Not before it is known to be needed: most guests have no PMU, and some have no 8 MiB.
  void Make() {
    if (good()) return;
    memory_ = mmap(nullptr, kBuffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  }
  bool Contains(std::uint64_t address) const {
    const auto start = reinterpret_cast<std::uintptr_t>(memory_);
    return address >= start && address - start < kBuffer;
  }
  void Access(PebsEventKind kind) {
    auto* const bytes = static_cast<unsigned char*>(memory_);
    std::uint64_t random = 88172645463325252U;
    for (unsigned i = 0; i < kAccesses; ++i) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      volatile auto* const word = reinterpret_cast<volatile std::uint64_t*>(bytes + random % (kBuffer / kLine) * kLine);
      if (kind == PebsEventKind::kLoads) {
        static_cast<void>(*word);
      } else {
        *word = random;
      }
    }
  }

 private:
  void* memory_ = MAP_FAILED;
};

PebsVerdict VerdictOf(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) return PebsVerdict::kNoPermission;
  if (absl::IsUnimplemented(status)) return PebsVerdict::kNoPebs;
  if (absl::IsNotFound(status)) return PebsVerdict::kNoPmu;
  return PebsVerdict::kOtherError;
}

// The event's own words end in the remedy, behind the first ": ".
void Refuse(PebsCheck& check, const absl::Status& status) {
  check.verdict = VerdictOf(status);
  const std::string text = ToString(status.message());
  const std::size_t colon = text.find(": ");
  check.finding = text.substr(0, colon);
  if (colon != std::string::npos) check.remedy = text.substr(colon + 2);
}

void Judge(PebsCheck& check) {
  const std::string counts = fmt::format("{} records, {} without an address, {} of the memory that was accessed",
                                         check.records, check.without_address, check.in_buffer);
  check.finding = counts;
  if (check.records < kLeastRecords) {
    check.verdict = PebsVerdict::kNoSamples;
    check.remedy =
        "the PMU takes the event but records nothing; does the host's perf or another guest hold the counters?";
  } else if (static_cast<double>(check.without_address) > static_cast<double>(check.records) * (1 - kLeastShare)) {
    check.verdict = PebsVerdict::kNoAddresses;
    check.remedy =
        "the host hides adaptive PEBS from guests, as stock KVM does since 2024; accessed-bit is used instead";
  } else if (static_cast<double>(check.in_buffer) < static_cast<double>(check.records) * kLeastShare) {
    check.verdict = PebsVerdict::kWrongAddresses;
    check.remedy =
        "the addresses cannot be trusted; update the host's kernel and microcode; accessed-bit is used instead";
  } else {
    check.verdict = PebsVerdict::kGood;
  }
}

PebsCheck CheckEvent(PerfKernel& kernel, const std::string& root, PebsEventKind kind, Buffer& buffer) {
  PebsCheck check;
  check.what = kind == PebsEventKind::kLoads ? "loads" : "stores";
  PebsEventSpec spec;
  spec.kind = kind;
  spec.period = kPeriod;
  spec.threshold = kThreshold;
  spec.wakeup = kRing / 2;
  spec.leader = LoadsLeader(root);
  absl::StatusOr<PebsEvent> event = OpenPebsEvent(kernel, root, spec, 0, -1);
  if (!event.ok()) {
    Refuse(check, event.status());
    return check;
  }
  buffer.Make();
  if (!buffer.good()) {
    check.finding = "no memory for the probe";
    check.remedy = "free 8 MiB";
    return check;
  }
  void* memory = nullptr;
  const int error = kernel.Map(event->event.get(), kRing, memory);
  if (error != 0) {
    Refuse(check, absl::InternalError(fmt::format("cannot map perf's ring ({}): raise kernel.perf_event_mlock_kb",
                                                  std::strerror(error))));
    return check;
  }
  const PerfMapping mapping(kernel, memory, kRing);
  if (const int refused = kernel.Enable(event->group()); refused != 0) {
    Refuse(check, absl::InternalError(fmt::format("cannot enable the event ({}): does somebody else use the PMU?",
                                                  std::strerror(refused))));
    return check;
  }
  buffer.Access(kind);
  kernel.Disable(event->group());
  PerfRing ring(memory, kernel.page_bytes(), kRing);
  ring.Begin();
  for (PerfRecord record; ring.Next(record);) {
    if (record.kind != PerfRecord::Kind::kSample) continue;
    ++check.records;
    if (record.address == 0) ++check.without_address;
    if (buffer.Contains(record.address)) ++check.in_buffer;
  }
  ring.End();
  Judge(check);
  return check;
}

// Events of all processes need more than those of a thread.
PebsCheck CheckSystemWide(PerfKernel& kernel, const std::string& root) {
  PebsCheck check;
  check.what = "all processes";
  const absl::StatusOr<std::vector<int>> online = ReadIdList(root + kOnlineCpus);
  PebsEventSpec spec;
  spec.period = kPeriod;
  spec.threshold = kThreshold;
  spec.wakeup = kRing / 2;
  spec.leader = LoadsLeader(root);
  const absl::StatusOr<PebsEvent> event = OpenPebsEvent(kernel, root, spec, -1, online.ok() ? online->front() : 0);
  if (!event.ok()) {
    Refuse(check, event.status());
    return check;
  }
  check.verdict = PebsVerdict::kGood;
  check.finding = fmt::format("{} CPUs", online.ok() ? online->size() : 1);
  return check;
}

}  // namespace

const char* PebsVerdictName(PebsVerdict verdict) {
  switch (verdict) {
    case PebsVerdict::kGood:
      return "good";
    case PebsVerdict::kNoPmu:
      return "no PMU";
    case PebsVerdict::kNoPebs:
      return "no PEBS";
    case PebsVerdict::kNoPermission:
      return "no permission";
    case PebsVerdict::kNoSamples:
      return "no samples";
    case PebsVerdict::kNoAddresses:
      return "no data addresses";
    case PebsVerdict::kWrongAddresses:
      return "wrong addresses";
    case PebsVerdict::kOtherError:
      break;
  }
  return "error";
}

bool PebsProbe::good() const {
  if (checks.empty()) return false;
  for (const PebsCheck& check : checks) {
    if (check.what != "stores" && check.verdict != PebsVerdict::kGood) return false;
  }
  return true;
}

std::string PebsProbe::Summary() const {
  if (good()) {
    for (const PebsCheck& check : checks) {
      if (check.verdict != PebsVerdict::kGood) return "records carry data addresses; loads only, " + check.finding;
    }
    return "records carry data addresses";
  }
  for (const PebsCheck& check : checks) {
    if (check.what == "stores" || check.verdict == PebsVerdict::kGood) continue;
    return fmt::format("{}: {}: {}", PebsVerdictName(check.verdict), check.finding, check.remedy);
  }
  return "not probed";
}

PebsProbe ProbePebs(PerfKernel& kernel, const std::string& root) {
  PebsProbe probe;
  Buffer buffer;
  probe.checks.push_back(CheckEvent(kernel, root, PebsEventKind::kLoads, buffer));
  if (probe.checks.front().verdict != PebsVerdict::kGood) return probe;
  probe.checks.push_back(CheckEvent(kernel, root, PebsEventKind::kStores, buffer));
  probe.checks.push_back(CheckSystemWide(kernel, root));
  return probe;
}

}  // namespace hypertier::agent

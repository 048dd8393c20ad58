// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/choose.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "common/text.h"
#include "guest-agent/access/accessed_bit.h"
#include "guest-agent/access/pebs.h"
#include "guest-agent/access/replay.h"

namespace hypertier::agent {
namespace {

constexpr std::string_view kReplay = "replay:";

// Printable ASCII, cut to what labels take.
std::string Label(std::string_view text) {
  std::string label(text.substr(0, kMaxReason));
  for (char& c : label) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > kMaxReason) label.replace(kMaxReason - 3, 3, "...");
  return label;
}

SourceTried Refused(std::string name, const absl::Status& status) {
  return {std::move(name), false, Label(ToString(status.message()))};
}

SourceTried TryPebs(const SourceOptions& options, double share_of_cpu, PerfKernel& kernel,
                    std::unique_ptr<AccessSource>& source) {
  const PebsProbe probe = ProbePebs(kernel, options.root);
  if (!probe.good()) return {"pebs", false, Label(probe.Summary())};
  absl::StatusOr<std::unique_ptr<Pebs>> pebs = Pebs::Create(kernel, options.root, options.pebs, share_of_cpu);
  if (!pebs.ok()) return Refused("pebs", pebs.status());
  const char* const what = (*pebs)->samples_stores() ? "loads and stores" : "loads";
  SourceTried tried{"pebs", true, Label(fmt::format("{} on {} CPUs: {}", what, (*pebs)->cpus(), probe.Summary()))};
  source = *std::move(pebs);
  return tried;
}

SourceTried TryAccessedBit(Hyperplace& device) {
  const absl::Status status = AccessedBit::Probe(device);
  if (!status.ok()) return Refused("accessed-bit", status);
  return {"accessed-bit", true, "hyperplace can read page tables"};
}

}  // namespace

absl::StatusOr<ChosenSource> ChooseSource(const SourceOptions& options, double share_of_cpu, Hyperplace& device,
                                          PerfKernel& kernel) {
  ChosenSource chosen;
  const std::string_view wanted = options.source;
  const bool any = wanted == "auto";
  if (absl::Status status = Validate(options.pebs); !status.ok()) return status;
  if (wanted == "none") {
    chosen.reason = "switched off by the option source=none";
    return chosen;
  }
  if (wanted.starts_with(kReplay)) {
    absl::StatusOr<std::unique_ptr<Replay>> replay = Replay::Open(std::string(wanted.substr(kReplay.size())));
    if (replay.ok()) {
      chosen.source = *std::move(replay);
      chosen.tried.push_back(
          {"replay", true, Label(fmt::format("a recorded trace, {}", wanted.substr(kReplay.size())))});
    } else {
      chosen.tried.push_back(Refused("replay", replay.status()));
    }
  } else if (!any && wanted != "pebs" && wanted != "accessed-bit") {
    return absl::InvalidArgumentError(
        fmt::format("source \"{}\" must be auto, pebs, accessed-bit, replay:FILE or none", Label(wanted)));
  }
  if (any || wanted == "pebs") chosen.tried.push_back(TryPebs(options, share_of_cpu, kernel, chosen.source));
  if (chosen.source == nullptr && (any || wanted == "accessed-bit")) {
    chosen.tried.push_back(TryAccessedBit(device));
    if (chosen.tried.back().works)
      chosen.source = std::make_unique<AccessedBit>(device, SystemScanClock(), share_of_cpu);
  }
  std::string reasons;
  // What was chosen first, or all that failed.
  if (chosen.source != nullptr) reasons = chosen.tried.back().reason;
  for (const SourceTried& tried : chosen.tried) {
    if (tried.works) continue;
    if (!reasons.empty()) reasons += "; ";
    reasons += fmt::format("{}: {}", tried.name, tried.reason);
  }
  chosen.reason = Label(reasons);
  return chosen;
}

SourceProbe ProbeSources(const SourceOptions& options, Hyperplace& device, PerfKernel& kernel) {
  return {ProbePebs(kernel, options.root), TryAccessedBit(device)};
}

}  // namespace hypertier::agent

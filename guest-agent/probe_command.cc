// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "common/text.h"
#include "guest-agent/access/choose.h"
#include "guest-agent/hyperplace/device.h"
#include "guest-agent/placement/tiers.h"
#include "guest-agent/run.h"

namespace hypertier::agent {
namespace {

void Say(std::string_view what, std::string_view verdict, std::string_view finding, std::string_view remedy = "") {
  fmt::print("{:<14} {:<20} {}\n", what, verdict, finding);
  if (!remedy.empty()) fmt::print("{:<14} {:<20} -> {}\n", "", "", remedy);
}

std::string Features(std::uint32_t features) {
  std::string text;
  const auto add = [&](std::uint32_t bit, const char* name) {
    if ((features & bit) != 0) text += (text.empty() ? "" : ", ") + std::string(name);
  };
  add(HYPERPLACE_EXCHANGE, "exchange of 4 KiB pages");
  add(HYPERPLACE_EXCHANGE_HUGE, "of 2 MiB pages");
  add(HYPERPLACE_SCAN, "accessed bits");
  add(HYPERPLACE_SCAN_FLUSHES, "with TLB flush");
  return text.empty() ? "nothing: see dmesg | grep hyperplace" : text;
}

}  // namespace

int Probe(const CommandLine& line) {
  if (const absl::Status status = Validate(line.placement.source.pebs); !status.ok()) {
    fmt::print(stderr, "{}\n", ToString(status.message()));
    return kExitUsage;
  }
  HyperplaceDevice device(line.placement.root, line.placement.hyperplace);
  const SourceProbe probe = ProbeSources(line.placement.source, device);
  for (const PebsCheck& check : probe.pebs.checks) {
    Say("pebs " + check.what, PebsVerdictName(check.verdict), check.finding, check.remedy);
  }
  Say("accessed-bit", probe.accessed_bit.works ? "good" : "no", probe.accessed_bit.reason);
  if (const auto info = device.GetInfo(); info.ok()) Say("hyperplace", "good", Features(info->features));
  TierReader reader(line.placement.root, line.placement.hyperflex);
  const absl::StatusOr<TierView> tiers = reader.Read(std::chrono::steady_clock::now());
  if (tiers.ok()) {
    Say("tiers", "good",
        fmt::format("FMEM is node {} ({} usable), SMEM node {}", tiers->nodes.fmem(),
                    FormatBytes(tiers->capacity.fmem_usable), tiers->nodes.smem()));
  } else {
    Say("tiers", "no", ToString(tiers.status().message()));
  }
  const bool works = probe.pebs.good() || probe.accessed_bit.works;
  const char* const source = probe.pebs.good() ? "pebs" : probe.accessed_bit.works ? "accessed-bit" : "none";
  fmt::print("\nhypertier-agent would take: {}\n", source);
  if (probe.pebs.good()) {
    fmt::print(
        "Check on your hardware: that \"of the memory that was accessed\" is close to all records, and that\n"
        "hypertier_vm_access_samples_lost_total stays flat under load. HyperTier's authors have seen this\n"
        "path on virtual PEBS only, never on Intel silicon.\n");
  }
  return works && tiers.ok() ? 0 : 1;
}

}  // namespace hypertier::agent

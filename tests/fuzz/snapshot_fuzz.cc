// SPDX-License-Identifier: Apache-2.0
//
// The parser of /dev/hyperflex, and the report made of what it says.
#include <string>

#include "guest-agent/hyperflex/snapshot.h"
#include "guest-agent/session/report.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hypertier;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto snapshot = agent::ParseSnapshot(text);
  if (!snapshot.ok()) {
    fuzz::Require(snapshot.status().message().size() <= 512, "an error is no longer than a line or two");
    return 0;
  }
  const auto report = agent::MakeReport({*snapshot, {}});
  fuzz::Require(report.tiers_size() <= 2, "at most two tiers are reported");
  fuzz::Require(agent::ParseSnapshot(text) == snapshot, "equal texts say the same");
  return 0;
}

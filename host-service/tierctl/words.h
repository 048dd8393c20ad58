// SPDX-License-Identifier: Apache-2.0
//
// How figures and names of the API are written for people.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/text.h"
#include "hypertier/v1/vm.pb.h"

namespace hypertier::tierctl {

// "TIER_STATE_IDLE" without "TIER_STATE_", in lower case.
template <typename Name>
std::string Word(const Name& name, std::string_view prefix) {
  const std::string_view text(name);
  return text.substr(0, prefix.size()) == prefix ? ToLower(text.substr(prefix.size())) : std::string(text);
}

// "fmem" or "smem".
std::string TierWord(v1::TierKind kind);

// "auto" or "static"; "-" where it is left open.
std::string ModeWord(v1::PolicyMode mode);

// The tier's state and what it falls short by: "short by 2 MiB, violating", "idle, 1 GiB confined"; of a VM that is not
// managed, "waiting" or "unmanaged".
std::string StateWord(const v1::Vm& vm, const v1::Tier& tier);

// "double balloon" or "virtio-mem"; "-" where there is none.
std::string ProvisionerWord(v1::Provisioner provisioner);

// How fast the tier moves or last moved, "512 MiB/s"; "-" where nothing has.
std::string PaceWord(const v1::Tier& tier);

std::string Size(std::uint64_t bytes);
std::string Size(bool known, std::uint64_t bytes);

// In UTC; "-" where it is not set.
std::string Stamp(const google::protobuf::Timestamp& time);

// What others wrote, fit for a terminal.
std::string Clean(std::string_view text);

// "-" in place of nothing.
std::string OrDash(std::string_view text);

// A tenant's id: its resource name without "tenants/".
std::string_view TenantId(std::string_view name);

}  // namespace hypertier::tierctl

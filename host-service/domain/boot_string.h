// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::domain {

// The SMBIOS OEM string that carries a VM's balloon sizes to hyperflex at boot (guest-kmod/hyperflex/ABI.md).
inline constexpr std::string_view kBootStringPrefix = "hypertier:v1";

std::string FormatBootString(const PerTier<Bytes>& balloons);

// nullopt when `text` is not such a string or is malformed; a key that is not there means 0, as in the guest.
std::optional<PerTier<Bytes>> ParseBootString(std::string_view text);

}  // namespace hypertier::domain

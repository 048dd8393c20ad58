// SPDX-License-Identifier: Apache-2.0
//
// The words for states in JSON, metrics and logs: those of the gRPC API, in lower case and without their prefixes.
#pragma once

#include <optional>
#include <string_view>

#include "host-service/control/model.h"

namespace hypertier::control {

std::string_view WordOf(DomainState state);
std::string_view WordOf(Management management);
std::string_view WordOf(LinkState link);
std::string_view WordOf(GuestTierState state);
std::string_view WordOf(EventKind kind);
std::string_view WordOf(policy::Mode mode);
std::string_view WordOf(qos::Compliance compliance);
std::string_view WordOf(domain::Provisioner provisioner);

// Absent for what is absent.
template <typename T>
std::optional<std::string_view> WordOf(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return WordOf(*value);
}

}  // namespace hypertier::control

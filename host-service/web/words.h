// SPDX-License-Identifier: Apache-2.0
//
// The words that the JSON has for states: those of the gRPC API, in lower case and without their prefixes.
#pragma once

#include <optional>
#include <string_view>

#include "host-service/control/model.h"

namespace hypertier::web {

std::string_view WordOf(DomainState state);
std::string_view WordOf(control::Management management);
std::string_view WordOf(control::LinkState link);
std::string_view WordOf(control::GuestTierState state);
std::string_view WordOf(control::EventKind kind);
std::string_view WordOf(policy::Mode mode);
std::string_view WordOf(qos::Compliance compliance);
std::string_view WordOf(domain::Provisioner provisioner);

// Absent for what is absent.
template <typename T>
std::optional<std::string_view> WordOf(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return WordOf(*value);
}

}  // namespace hypertier::web

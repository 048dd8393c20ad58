// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "host-service/policy/terms.h"

namespace hypertier::domain {

// The part of a qualified XML name behind the prefix: metadata elements are found whatever prefix their author chose.
std::string_view LocalName(const pugi::xml_node& node);

// What HyperTier's element of a domain's metadata says of the VM's policy. What cannot be read is left out, and told in
// `problems`.
policy::VmTerms ReadPolicy(const pugi::xml_node& element, std::vector<std::string>& problems);

// InvalidArgument for one of 0; else what it was.
absl::StatusOr<Bytes> CheckMoveRate(absl::StatusOr<Bytes> rate);

// The element's `move-rate`, the same way.
std::optional<Bytes> ReadMoveRate(const pugi::xml_node& element, std::vector<std::string>& problems);

// Writes what `said` says into the element, for ReadPolicy to read; the rest of the element stays as it is. `prefix`:
// of the element's name, "hypertier:".
void WritePolicy(const policy::VmTerms& said, std::string_view prefix, pugi::xml_node element);
void WriteMoveRate(Bytes per_second, pugi::xml_node element);

}  // namespace hypertier::domain

// SPDX-License-Identifier: Apache-2.0
//
// What a configuration's texts may be. Each returns InvalidArgument "what is wrong; remedy".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace hypertier::config {

absl::Status CheckGrpcAddress(const std::string& text);
absl::Status CheckMetricsAddress(const std::string& text);
absl::Status CheckStatusAddress(const std::string& text);
absl::Status CheckUri(const std::string& text);
absl::Status CheckAbsolutePath(const std::string& text);
absl::Status CheckQosPolicy(const std::string& text);
absl::Status CheckQosMode(const std::string& text);
absl::Status CheckOnViolation(const std::string& text);
absl::Status CheckNodes(const std::string& text);
absl::Status CheckLogLevel(const std::string& text);
absl::Status CheckLogFormat(const std::string& text);

// The permissions that an octal text such as "0660" names; nullopt if it names none.
std::optional<unsigned> ParseMode(std::string_view text);

// The edit distance of two words: single characters inserted, deleted or replaced.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace hypertier::config

// SPDX-License-Identifier: Apache-2.0
//
// Paging of lists. A token names the last element of a page, not a position, so that what comes or goes between two
// pages neither hides nor doubles the others.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace hypertier::api {

// The page size to use: 1000 for 0 and beyond. InvalidArgument when negative.
absl::StatusOr<std::size_t> PageSize(std::int32_t page_size);

// Largest answer in bytes: a page ends early rather than exceed what a gRPC client takes by default (4 MiB).
inline constexpr std::size_t kMaxPageBytes = 2 << 20;

// `kind` ("vms", "operations") keeps a token of one list from being used with another.
std::string MakePageToken(const std::string& kind, const std::string& last);
// What MakePageToken was given; InvalidArgument for anything else.
absl::StatusOr<std::string> ReadPageToken(const std::string& kind, const std::string& token);

}  // namespace hypertier::api

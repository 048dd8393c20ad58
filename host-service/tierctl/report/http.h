// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hypertier::tierctl::report {

struct HttpAnswer {
  long status = 0;
  std::string body;
  // Where a redirect points to; not followed.
  std::string location;
};

// Fetches `url` (http or https only): at most 10 s, at most 64 MiB, no redirects.
// Unavailable: nobody answers, or not in time; the message says what failed, and no password.
absl::StatusOr<HttpAnswer> HttpGet(const std::string& url);

// `text` as part of a query string.
std::string UrlEncode(std::string_view text);

// `url` without user and password.
std::string WithoutPassword(std::string_view url);

}  // namespace hypertier::tierctl::report

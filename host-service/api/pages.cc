// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/pages.h"

#include <fmt/format.h>

#include "absl/strings/escaping.h"

namespace hypertier::api {
namespace {

constexpr std::size_t kMostPerPage = 1000;

}  // namespace

absl::StatusOr<std::size_t> PageSize(std::int32_t page_size) {
  if (page_size < 0) {
    return absl::InvalidArgumentError(
        fmt::format("page_size: {} is negative; leave it out for the default, {}", page_size, kMostPerPage));
  }
  const auto wanted = static_cast<std::size_t>(page_size);
  return wanted == 0 || wanted > kMostPerPage ? kMostPerPage : wanted;
}

std::string MakePageToken(const std::string& kind, const std::string& last) {
  return absl::WebSafeBase64Escape(kind + ":" + last);
}

absl::StatusOr<std::string> ReadPageToken(const std::string& kind, const std::string& token) {
  std::string text;
  const std::string prefix = kind + ":";
  if (!absl::WebSafeBase64Unescape(token, &text) || !text.starts_with(prefix)) {
    return absl::InvalidArgumentError(
        "page_token: not a next_page_token of this method; leave it empty for the first page");
  }
  return text.substr(prefix.size());
}

}  // namespace hypertier::api

// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/caller.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/utf8.h"

namespace hypertier::api {
namespace {

constexpr std::size_t kMostReason = 256;
constexpr std::size_t kMostActor = 128;

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

absl::StatusOr<control::Caller> CallerOf(const grpc::CallbackServerContext& context, const std::string& reason) {
  if (reason.size() > kMostReason) {
    return absl::InvalidArgumentError(
        fmt::format("reason: {} bytes are too long; write at most {}", reason.size(), kMostReason));
  }
  if (std::any_of(reason.begin(), reason.end(), IsControl)) {
    return absl::InvalidArgumentError("reason: has control characters; write it on one line");
  }
  // "unix:" or "unix:/path"; "ipv4:127.0.0.1:1234".
  std::string actor = context.peer();
  const auto said = context.client_metadata().find("hypertier-actor");
  if (said != context.client_metadata().end()) {
    actor += " " + Printable({said->second.data(), said->second.size()}, kMostActor);
  }
  return control::Caller{.actor = std::move(actor), .reason = reason};
}

}  // namespace hypertier::api

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/unique_fd.h"

namespace hypertier::web {

struct ListenSocket {
  UniqueFd fd;
  bool is_ipv6 = false;
  unsigned port = 0;
};

// A listening TCP socket on "host:port" or "[address]:port". AlreadyExists with the system's words when that cannot be.
absl::StatusOr<ListenSocket> Listen(const std::string& address);

}  // namespace hypertier::web

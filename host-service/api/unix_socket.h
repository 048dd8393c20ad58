// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

namespace hypertier::api {

// Makes way for a new unix socket at `path`: creates its directory, and removes a socket that nobody listens on (what a
// killed hypertierd leaves behind). AlreadyExists: somebody listens there. FailedPrecondition: something else than a
// socket is there; it is left alone.
absl::Status PrepareUnixSocket(const std::string& path);

// Sets who may connect: `mode` (e.g. 0660) and, unless empty, `group` by name.
absl::Status SetUnixSocketAccess(const std::string& path, unsigned mode, const std::string& group);

}  // namespace hypertier::api

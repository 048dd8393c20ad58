// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hypertier::tierctl {

// Whom the audit log shall name: who called sudo, else who runs this.
std::string Actor();

// `name` as gRPC metadata can carry it: printable ASCII of at most 128 bytes, anything else as '?'; no white space
// around it, which HTTP/2 drops.
std::string MetadataText(std::string_view name);

}  // namespace hypertier::tierctl

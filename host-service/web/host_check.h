// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hypertier::web {

// Whether a request's Host header ("localhost:9842", "[::1]") may name this server: an address, a name that is always
// this machine, or the configured one (without its port). A web site can have a name of its own lead to 127.0.0.1, and
// so have its visitors' browsers read this page for it; such a request bears that name.
bool MayBeOurs(std::string_view host, std::string_view configured);

// "host:port" or "[address]:port" without the port, and the address without its brackets.
std::string_view WithoutPort(std::string_view host);

}  // namespace hypertier::web

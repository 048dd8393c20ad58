// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/host_check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/text.h"

namespace hypertier::web {
namespace {

bool IsAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address = {};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

}  // namespace

std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

bool MayBeOurs(std::string_view host, std::string_view configured) {
  const std::string name = ToLower(WithoutPort(host));
  if (name.empty() || name.size() > 253) return false;
  return name == "localhost" || name == ToLower(configured) || IsAddress(name);
}

}  // namespace hypertier::web

// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/actor.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <vector>

#include "common/text.h"

namespace hypertier::tierctl {
namespace {

constexpr std::size_t kNameLimit = 128;
// Enough for any entry; getpwuid_r reports an error where it is not.
constexpr std::size_t kEntryBytes = 16384;

std::string LoginName(uid_t uid) {
  std::vector<char> buffer(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return "";
  return found->pw_name;
}

}  // namespace

std::string Actor() {
  const char* sudo_user = std::getenv("SUDO_USER");
  std::string name = MetadataText(sudo_user != nullptr ? sudo_user : "");
  if (name.empty()) name = MetadataText(LoginName(getuid()));
  return name.empty() ? fmt::format("uid {}", getuid()) : name;
}

std::string MetadataText(std::string_view name) {
  std::string text(Trim(name).substr(0, kNameLimit));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return std::string(Trim(text));
}

}  // namespace hypertier::tierctl

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/port/find_port.h"

#include <fmt/format.h>

#include <filesystem>

#include "common/text.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {

absl::StatusOr<std::string> FindPort(const std::string& root, std::string_view name) {
  namespace fs = std::filesystem;
  std::error_code error;
  const std::string link = fmt::format("{}/dev/virtio-ports/{}", root, name);
  if (fs::exists(link, error)) return link;

  const std::string ports = root + "/sys/class/virtio-ports";
  fs::directory_iterator entry(ports, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const auto found = ReadFile(entry->path() / "name", 256);
    if (found.ok() && Trim(*found) == name) return fmt::format("{}/dev/{}", root, entry->path().filename().string());
  }
  return absl::NotFoundError(
      fmt::format("no virtio-serial port {}: the VM needs <channel><target type='virtio' name='{}'/></channel>, which "
                  "hypertierd attaches",
                  name, name));
}

}  // namespace hypertier::agent

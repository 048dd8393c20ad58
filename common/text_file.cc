// SPDX-License-Identifier: Apache-2.0
#include "common/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace hypertier {

absl::StatusOr<std::string> ReadTextFile(const std::string& path, std::string_view what) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file.is_open()) text << file.rdbuf();
  // Copying nothing sets failbit; failing to read sets badbit.
  if (file.is_open() && !text.bad() && errno == 0) return text.str();
  const int error = errno;
  const std::string message = fmt::format("{}: cannot read {}: {}", path, what, std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == EACCES) return absl::PermissionDeniedError(message);
  return absl::UnavailableError(message);
}

}  // namespace hypertier

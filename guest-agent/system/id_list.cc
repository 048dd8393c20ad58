// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/system/id_list.h"

#include "common/id_list.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {

absl::StatusOr<std::vector<int>> ReadIdList(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, 4096);
  if (!text.ok()) return text.status();
  return ParseIdList(*text);
}

}  // namespace hypertier::agent

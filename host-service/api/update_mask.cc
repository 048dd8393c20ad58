// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/update_mask.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace hypertier::api {

absl::StatusOr<UpdateMask> UpdateMask::Make(const google::protobuf::FieldMask& mask,
                                            std::span<const std::string_view> changeable) {
  UpdateMask update;
  for (const std::string& path : mask.paths()) {
    if (std::find(changeable.begin(), changeable.end(), path) == changeable.end()) {
      return absl::InvalidArgumentError(
          fmt::format("update_mask: \"{}\" cannot be changed; what can is {}", path, fmt::join(changeable, ", ")));
    }
    update.paths_.insert(path);
  }
  return update;
}

bool UpdateMask::Names(std::string_view path) const {
  if (paths_.empty() || paths_.contains(path)) return true;
  const std::size_t dot = path.find('.');
  return dot != std::string_view::npos && paths_.contains(path.substr(0, dot));
}

}  // namespace hypertier::api

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/field_mask.pb.h>

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hypertier::api {

// Which fields an update names; an empty mask names all that can be changed.
class UpdateMask {
 public:
  // InvalidArgument: a path that is none of `changeable`; says which those are.
  static absl::StatusOr<UpdateMask> Make(const google::protobuf::FieldMask& mask,
                                         std::span<const std::string_view> changeable);

  // Of `path` itself, or of what it is a part of: "fmem" names "fmem.limit".
  bool Names(std::string_view path) const;

 private:
  std::set<std::string, std::less<>> paths_;
};

}  // namespace hypertier::api

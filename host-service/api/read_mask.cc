// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/read_mask.h"

#include <fmt/format.h>
#include <google/protobuf/util/field_mask_util.h>

namespace hypertier::api {

using google::protobuf::util::FieldMaskUtil;

absl::StatusOr<ReadMask> ReadMask::Make(const google::protobuf::FieldMask& mask) {
  for (const std::string& path : mask.paths()) {
    if (!FieldMaskUtil::IsValidPath<v1::Vm>(path)) {
      return absl::InvalidArgumentError(
          fmt::format("read_mask: Vm has no field \"{}\" (fields below a repeated one cannot be chosen)", path));
    }
  }
  ReadMask read;
  FieldMaskUtil::ToCanonicalForm(mask, &read.mask_);
  return read;
}

void ReadMask::Apply(v1::Vm& vm) const {
  if (mask_.paths_size() > 0) FieldMaskUtil::TrimMessage(mask_, &vm);
}

}  // namespace hypertier::api

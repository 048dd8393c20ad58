// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "hypertier/v1/vm.pb.h"

namespace hypertier::api {

// The fields of Vm that a client wants. An empty mask is all of them.
class ReadMask {
 public:
  // InvalidArgument names the first path that Vm does not have.
  static absl::StatusOr<ReadMask> Make(const google::protobuf::FieldMask& mask);

  // Takes everything else out of `vm`.
  void Apply(v1::Vm& vm) const;

 private:
  google::protobuf::FieldMask mask_;
};

}  // namespace hypertier::api

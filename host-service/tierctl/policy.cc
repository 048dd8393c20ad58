// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/qos_table.h"

namespace hypertier::tierctl {
int GetPolicy(const Context& context, const std::string& vm) {
  const auto stub = ConnectQos(context);
  v1::GetVmPolicyRequest request;
  request.set_name(vm);
  v1::GetVmPolicyResponse response;
  if (const auto status = Call(*stub, &QosStub::GetVmPolicy, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Print(context, response.policy(), FormatPolicy(response.policy()));
}

int SetPolicy(const Context& context, const PolicyOptions& options) {
  v1::UpdateVmPolicyRequest request;
  if (const auto status = Apply(options.flags, *request.mutable_policy(), *request.mutable_update_mask());
      !status.ok()) {
    return Misused(status);
  }
  // An empty mask would be all fields.
  if (request.update_mask().paths().empty()) return NothingToSet();
  request.mutable_policy()->set_name(options.vm);
  request.mutable_policy()->set_etag(options.etag);
  request.set_reason(options.reason);
  const auto stub = ConnectQos(context);
  v1::UpdateVmPolicyResponse response;
  if (const auto status = Call(*stub, &QosStub::UpdateVmPolicy, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Print(context, response.policy(), FormatPolicy(response.policy()));
}

}  // namespace hypertier::tierctl

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/table.h"

namespace hypertier::tierctl {

int List(const Context& context) {
  const auto stub = Connect(context);
  std::vector<v1::Vm> vms;
  if (const grpc::Status status = ListAll(*stub, vms); !status.ok()) return Fail(context, status);
  if (context.output == Output::kName) {
    for (const v1::Vm& vm : vms) fmt::print("{}\n", vm.display_name());
    return kOk;
  }
  v1::ListVmsResponse all;
  all.mutable_vms()->Assign(vms.begin(), vms.end());
  return Print(context, all, vms.empty() ? "No domains.\n" : FormatVms(vms, context.output == Output::kWide));
}

int Get(const Context& context, const std::string& vm) {
  const auto stub = Connect(context);
  v1::GetVmRequest request;
  request.set_name(vm);
  v1::GetVmResponse response;
  if (const grpc::Status status = Call(*stub, &Stub::GetVm, request, response); !status.ok())
    return Fail(context, status);
  return Print(context, response.vm(), FormatVm(response.vm()));
}

}  // namespace hypertier::tierctl

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/table.h"

namespace hypertier::tierctl {

int List(const Context& context) {
  const auto stub = Connect(context);
  std::vector<v1::Vm> vms;
  if (const grpc::Status status = ListAll(*stub, vms); !status.ok()) return Fail(context, status);
  switch (context.output) {
    case Output::kTable:
      fmt::print("{}", vms.empty() ? "No domains.\n" : FormatVms(vms));
      break;
    case Output::kName:
      for (const v1::Vm& vm : vms) fmt::print("{}\n", vm.display_name());
      break;
    case Output::kJson: {
      v1::ListVmsResponse all;
      all.mutable_vms()->Assign(vms.begin(), vms.end());
      fmt::print("{}\n", Json(all));
      break;
    }
  }
  return kOk;
}

int Get(const Context& context, const std::string& vm) {
  const auto stub = Connect(context);
  grpc::ClientContext call;
  SetDeadline(call);
  v1::GetVmRequest request;
  request.set_name(vm);
  v1::GetVmResponse response;
  if (const grpc::Status status = stub->GetVm(&call, request, &response); !status.ok()) return Fail(context, status);
  fmt::print("{}", context.output == Output::kJson ? Json(response.vm()) + "\n" : FormatVm(response.vm()));
  return kOk;
}

}  // namespace hypertier::tierctl

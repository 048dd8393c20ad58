// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/table.h"

namespace hypertier::tierctl {

int Watch(const Context& context, const std::vector<std::string>& vms) {
  const auto stub = Connect(context);
  v1::WatchVmsRequest request;
  request.mutable_names()->Assign(vms.begin(), vms.end());
  const bool wide = context.output == Output::kWide;
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  // Ordered by name, as in `list`.
  std::map<std::string, v1::Vm> seen;
  bool synced = false;

  grpc::ClientContext call;
  Sign(call);
  const auto stream = stub->WatchVms(&call, request);
  v1::WatchVmsResponse response;
  while (stream->Read(&response)) {
    if (context.output == Output::kJson) {
      fmt::print("{}\n", Json(response));
      std::fflush(stdout);
      continue;
    }
    switch (response.type()) {
      case v1::WatchVmsResponse::TYPE_SYNCED:
        synced = true;
        break;
      case v1::WatchVmsResponse::TYPE_REMOVED:
        seen.erase(response.vm().name());
        break;
      default:
        seen[response.vm().name()] = response.vm();
    }
    if (!synced) continue;
    std::vector<v1::Vm> table;
    table.reserve(seen.size());
    for (const auto& [name, vm] : seen) table.push_back(vm);
    std::sort(table.begin(), table.end(),
              [](const v1::Vm& a, const v1::Vm& b) { return a.display_name() < b.display_name(); });
    // A terminal is redrawn from its top; anything else gets what changed, with the time.
    if (terminal) {
      fmt::print("\x1b[H\x1b[2J{}", FormatVms(table, wide));
    } else if (response.type() == v1::WatchVmsResponse::TYPE_SYNCED) {
      fmt::print("{}", FormatVms(table, wide));
    } else if (response.type() == v1::WatchVmsResponse::TYPE_REMOVED) {
      fmt::print("{} is gone\n", response.vm().name());
    } else {
      fmt::print("{}", FormatVms({response.vm()}, wide));
    }
    std::fflush(stdout);
  }
  const grpc::Status status = stream->Finish();
  return status.ok() ? kOk : Fail(context, status);
}

}  // namespace hypertier::tierctl

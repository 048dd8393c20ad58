// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/qos_table.h"

namespace hypertier::tierctl {

int Audit(const Context& context, const std::string& subject, int limit) {
  // The most that one page holds.
  constexpr int kMostRecords = 1000;
  const auto stub = ConnectQos(context);
  v1::ListAuditRecordsRequest request;
  request.set_subject(subject);
  v1::ListAuditRecordsResponse all;
  do {
    request.set_page_size(std::min(limit - all.records_size(), kMostRecords));
    v1::ListAuditRecordsResponse response;
    if (const auto status = Call(*stub, &QosStub::ListAuditRecords, request, response); !status.ok()) {
      return Fail(context, status);
    }
    request.set_page_token(response.next_page_token());
    all.MergeFrom(response);
  } while (!request.page_token().empty() && all.records_size() < limit);
  // Where to go on is nothing for people or programs that asked for so many.
  all.clear_next_page_token();
  return Print(context, all, FormatAudit(all));
}

}  // namespace hypertier::tierctl

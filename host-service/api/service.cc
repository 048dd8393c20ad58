// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/service.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/api/caller.h"
#include "host-service/api/convert.h"
#include "host-service/api/pages.h"
#include "host-service/api/read_mask.h"
#include "host-service/api/synced.h"
#include "host-service/api/wait_call.h"
#include "host-service/api/watch_call.h"
#include "host-service/control/now.h"

namespace hypertier::api {
namespace {

using metrics::RpcMethod;

// A call that only bears an error.
class FailedWatch : public grpc::ServerWriteReactor<v1::WatchVmsResponse> {
 public:
  explicit FailedWatch(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

absl::StatusOr<absl::Duration> MinInterval(const v1::WatchVmsRequest& request) {
  constexpr absl::Duration kDefault = absl::Milliseconds(200);
  constexpr absl::Duration kLeast = absl::Milliseconds(50);
  if (!request.has_min_interval()) return kDefault;
  auto interval = FromProto(request.min_interval(), "min_interval");
  if (interval.ok() && *interval < absl::ZeroDuration()) return absl::InvalidArgumentError("min_interval: is negative");
  if (interval.ok()) interval = std::max(*interval, kLeast);
  return interval;
}

}  // namespace

grpc::ServerUnaryReactor* Service::Answer(grpc::CallbackServerContext* context, const metrics::RpcCall& call,
                                          const absl::Status& status) {
  call.Answered(static_cast<int>(status.code()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

absl::Status Service::TakePlace() {
  if (waiting_.fetch_add(1) < kMostWaiting) return absl::OkStatus();
  waiting_.fetch_sub(1);
  return absl::ResourceExhaustedError(
      fmt::format("{} calls are watching or waiting already, which is the most; close some or poll", kMostWaiting));
}

absl::Status Service::List(const v1::ListVmsRequest& request, v1::ListVmsResponse& response) const {
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  if (absl::Status synced = CheckSynced(*snapshot); !synced.ok()) return synced;
  const auto size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  const auto mask = ReadMask::Make(request.read_mask());
  if (!mask.ok()) return mask.status();

  auto at = snapshot->vms.begin();
  if (!request.page_token().empty()) {
    // "uuid name": a UUID has no space.
    const auto last = ReadPageToken("vms", request.page_token());
    if (!last.ok()) return last.status();
    const std::size_t space = std::min(last->find(' '), last->size() - 1);
    const std::string uuid = last->substr(0, space);
    const std::string name = last->substr(space + 1);
    at = std::upper_bound(at, snapshot->vms.end(), std::tie(name, uuid),
                          [](const auto& key, const control::VmPtr& vm) { return key < std::tie(vm->name, vm->uuid); });
  }
  std::size_t bytes = 0;
  for (; at != snapshot->vms.end(); ++at) {
    const bool full = static_cast<std::size_t>(response.vms_size()) >= *size || bytes > kMaxPageBytes;
    if (full) {
      const control::VmRecord& last = **std::prev(at);
      response.set_next_page_token(MakePageToken("vms", last.uuid + " " + last.name));
      break;
    }
    v1::Vm& vm = *response.add_vms();
    ToProto(**at, vm);
    mask->Apply(vm);
    bytes += vm.ByteSizeLong();
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* Service::ListVms(grpc::CallbackServerContext* context, const v1::ListVmsRequest* request,
                                           v1::ListVmsResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kListVms);
  return Answer(context, call, List(*request, *response));
}

absl::Status Service::Get(const v1::GetVmRequest& request, v1::GetVmResponse& response) const {
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  if (absl::Status synced = CheckSynced(*snapshot); !synced.ok()) return synced;
  const auto mask = ReadMask::Make(request.read_mask());
  if (!mask.ok()) return mask.status();
  const auto vm = snapshot->FindVm(request.name());
  if (!vm.ok()) return vm.status();
  ToProto(**vm, *response.mutable_vm());
  mask->Apply(*response.mutable_vm());
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* Service::GetVm(grpc::CallbackServerContext* context, const v1::GetVmRequest* request,
                                         v1::GetVmResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kGetVm);
  return Answer(context, call, Get(*request, *response));
}

grpc::ServerUnaryReactor* Service::ResizeVm(grpc::CallbackServerContext* context, const v1::ResizeVmRequest* request,
                                            v1::ResizeVmResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kResizeVm);
  auto resize = FromProto(*request);
  if (!resize.ok()) return Answer(context, call, resize.status());
  auto caller = CallerOf(*context, request->reason());
  if (!caller.ok()) return Answer(context, call, caller.status());
  resize->caller = *std::move(caller);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  backend_->Resize(*std::move(resize), [call, reactor, response](absl::StatusOr<control::OperationPtr> operation) {
    if (operation.ok()) ToProto(**operation, *response->mutable_operation());
    call.Answered(static_cast<int>(operation.status().code()));
    reactor->Finish(ToGrpc(operation.status()));
  });
  return reactor;
}

absl::Status Service::List(const v1::ListOperationsRequest& request, v1::ListOperationsResponse& response) const {
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  const auto size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  const auto& operations = *snapshot->operations;

  std::string uuid;
  if (!request.vm().empty()) {
    const auto vm = snapshot->FindVm(request.vm());
    uuid = vm.ok() ? (*vm)->uuid : ToLower(control::WithoutPrefix(request.vm(), "vms/"));
    // A domain that is gone may still have operations.
    const bool known = vm.ok() || std::any_of(operations.begin(), operations.end(),
                                              [&](const auto& operation) { return operation->record.uuid == uuid; });
    if (!known) {
      return absl::NotFoundError(
          fmt::format("vm: libvirt has no domain \"{}\", and no operation is about it", request.vm()));
    }
  }
  auto at = operations.begin();
  if (!request.page_token().empty()) {
    const auto last = ReadPageToken("operations", request.page_token());
    if (!last.ok()) return last.status();
    at = std::find_if(at, operations.end(), [&](const auto& operation) { return operation->record.id < *last; });
  }
  for (; at != operations.end(); ++at) {
    if (!uuid.empty() && (*at)->record.uuid != uuid) continue;
    if (static_cast<std::size_t>(response.operations_size()) >= *size) {
      const std::string& last = response.operations(response.operations_size() - 1).name();
      response.set_next_page_token(MakePageToken("operations", control::WithoutPrefix(last, "operations/")));
      break;
    }
    ToProto(**at, *response.add_operations());
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* Service::ListOperations(grpc::CallbackServerContext* context,
                                                  const v1::ListOperationsRequest* request,
                                                  v1::ListOperationsResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kListOperations);
  return Answer(context, call, List(*request, *response));
}

grpc::ServerUnaryReactor* Service::GetOperation(grpc::CallbackServerContext* context,
                                                const v1::GetOperationRequest* request,
                                                v1::GetOperationResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kGetOperation);
  constexpr absl::Duration kLongest = absl::Seconds(60);
  absl::Duration wait;
  if (request->has_wait()) {
    const auto asked = FromProto(request->wait(), "wait");
    if (!asked.ok()) return Answer(context, call, asked.status());
    wait = std::clamp(*asked, absl::ZeroDuration(), kLongest);
  }
  const auto operation = backend_->Snapshot()->FindOperation(request->name());
  const bool answer_now = !operation.ok() || wait == absl::ZeroDuration() || control::Ended((*operation)->record.state);
  if (answer_now) {
    if (operation.ok()) ToProto(**operation, *response->mutable_operation());
    return Answer(context, call, operation.status());
  }
  if (absl::Status place = TakePlace(); !place.ok()) return Answer(context, call, place);
  return new WaitCall(hub_, (*operation)->record.id, control::MonoNow() + wait, response, [this](int code) {
    waiting_.fetch_sub(1);
    stats_->Count(RpcMethod::kGetOperation, code);
  });
}

grpc::ServerUnaryReactor* Service::CancelOperation(grpc::CallbackServerContext* context,
                                                   const v1::CancelOperationRequest* request,
                                                   v1::CancelOperationResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kCancelOperation);
  auto caller = CallerOf(*context, request->reason());
  if (!caller.ok()) return Answer(context, call, caller.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  backend_->Cancel(request->name(), *std::move(caller),
                   [call, reactor, response](absl::StatusOr<control::OperationPtr> operation) {
                     if (operation.ok()) ToProto(**operation, *response->mutable_operation());
                     call.Answered(static_cast<int>(operation.status().code()));
                     reactor->Finish(ToGrpc(operation.status()));
                   });
  return reactor;
}

grpc::ServerWriteReactor<v1::WatchVmsResponse>* Service::WatchVms(grpc::CallbackServerContext*,
                                                                  const v1::WatchVmsRequest* request) {
  const auto fail = [this](const absl::Status& status) {
    stats_->Count(RpcMethod::kWatchVms, static_cast<int>(status.code()));
    return new FailedWatch(ToGrpc(status));
  };
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  if (const absl::Status synced = CheckSynced(*snapshot); !synced.ok()) return fail(synced);
  auto mask = ReadMask::Make(request->read_mask());
  if (!mask.ok()) return fail(mask.status());
  const auto interval = MinInterval(*request);
  if (!interval.ok()) return fail(interval.status());
  std::optional<absl::flat_hash_set<std::string>> only;
  for (const std::string& name : request->names()) {
    const auto vm = snapshot->FindVm(name);
    if (!vm.ok()) return fail(vm.status());
    if (!only) only.emplace();
    only->insert((*vm)->uuid);
  }
  if (const absl::Status place = TakePlace(); !place.ok()) return fail(place);
  return new WatchCall(hub_, WatchState(std::move(only), *interval), *std::move(mask), [this](int code) {
    waiting_.fetch_sub(1);
    stats_->Count(RpcMethod::kWatchVms, code);
  });
}

}  // namespace hypertier::api

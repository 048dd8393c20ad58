// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/feed.h"

#include <fmt/format.h>

#include <utility>

namespace hypertier::tierctl::top {
namespace {

constexpr std::chrono::milliseconds kPollPeriod{2000};
constexpr std::chrono::milliseconds kRetryAfter{1000};

std::chrono::seconds Since(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - time);
}

// What the view shows of a VM; events and hotness curves of a thousand VMs are not for it.
void SetMask(google::protobuf::FieldMask& mask) {
  for (const char* path : {"name", "display_name", "tenant", "management", "reason", "tiers", "placement.hit_ratio"}) {
    mask.add_paths(path);
  }
}

std::string Words(const grpc::Status& status) {
  if (status.ok()) return "hypertierd ended the call";
  return status.error_message().empty() ? fmt::format("error {}", static_cast<int>(status.error_code()))
                                        : status.error_message();
}

}  // namespace

Feed::Feed(const Context& context)
    : vms_stub_(Connect(context)),
      qos_stub_(ConnectQos(context)),
      trouble_since_(Clock::now()),
      qos_heard_(Clock::now()) {
  watcher_ = std::jthread([this](const std::stop_token& stop) { Watch(stop); });
  poller_ = std::jthread([this](const std::stop_token& stop) { Poll(stop); });
}

// Both at once, before either is waited for.
Feed::~Feed() {
  watcher_.request_stop();
  poller_.request_stop();
}

Picture Feed::Now() const {
  const std::lock_guard lock(mutex_);
  Picture picture = picture_;
  picture.vms.reserve(vms_.size());
  for (const auto& [name, vm] : vms_) picture.vms.push_back(vm);
  picture.trouble_age = Since(trouble_since_);
  picture.qos_age = Since(qos_heard_);
  return picture;
}

void Feed::Watch(const std::stop_token& stop) {
  do {
    const grpc::Status status = WatchOnce(stop);
    const std::lock_guard lock(mutex_);
    if (picture_.trouble.empty()) trouble_since_ = Clock::now();
    picture_.trouble = Words(status);
    ++version_;
  } while (Wait(stop, kRetryAfter));
}

grpc::Status Feed::WatchOnce(const std::stop_token& stop) {
  v1::WatchVmsRequest request;
  SetMask(*request.mutable_read_mask());
  grpc::ClientContext call;
  Sign(call);
  const std::stop_callback cancel(stop, [&call] { call.TryCancel(); });
  const auto stream = vms_stub_->WatchVms(&call, request);
  // Until the first picture is complete, what was known before is better.
  Vms arriving;
  bool synced = false;
  v1::WatchVmsResponse response;
  while (stream->Read(&response)) {
    const std::string name = response.vm().name();
    const std::lock_guard lock(mutex_);
    Vms& vms = synced ? vms_ : arriving;
    switch (response.type()) {
      case v1::WatchVmsResponse::TYPE_SYNCED:
        vms_ = std::exchange(arriving, {});
        synced = true;
        picture_.synced = true;
        picture_.trouble.clear();
        break;
      case v1::WatchVmsResponse::TYPE_REMOVED:
        vms.erase(name);
        break;
      default:
        vms[name] = std::make_shared<const v1::Vm>(std::move(*response.mutable_vm()));
    }
    if (synced) ++version_;
  }
  return stream->Finish();
}

void Feed::Poll(const std::stop_token& stop) {
  do {
    const grpc::Status status = PollOnce(stop);
    const std::lock_guard lock(mutex_);
    picture_.qos_trouble = status.ok() ? "" : Words(status);
    if (status.ok()) qos_heard_ = Clock::now();
    ++version_;
  } while (Wait(stop, kPollPeriod));
}

grpc::Status Feed::PollOnce(const std::stop_token& stop) {
  v1::GetHostResponse host;
  if (grpc::Status status = Call(*qos_stub_, &QosStub::GetHost, v1::GetHostRequest(), host, stop); !status.ok()) {
    return status;
  }
  std::vector<v1::Tenant> tenants;
  if (grpc::Status status = ListAllTenants(*qos_stub_, tenants, stop); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  picture_.host = std::move(*host.mutable_host());
  picture_.tenants = std::move(tenants);
  return grpc::Status::OK;
}

bool Feed::Wait(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace hypertier::tierctl::top

// SPDX-License-Identifier: Apache-2.0
//
// fleet_load ENDPOINT list|get|none|resize SECONDS CALLS [UUID...]: keeps so many calls to hypertierd under way for so
// long, and prints how many a second it answered and how late the slowest of a hundred was. `get` and `resize` take
// turns with the VMs named; a resize moves SMEM between 512 and 640 MiB and does not wait for the guest. `none` calls a
// method that there is not: what gRPC itself can do on this machine.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hypertier/v1/hypertier.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;
namespace v1 = hypertier::v1;

// Of all calls, from whatever thread they end on.
class Tally {
 public:
  explicit Tally(Clock::time_point end) : end_(end) {}

  // True: make another.
  bool Ended(Clock::time_point begun, const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!status.ok()) error_ = status.error_message();
    const Clock::time_point now = Clock::now();
    milliseconds_.push_back(std::chrono::duration<double, std::milli>(now - begun).count());
    return error_.empty() && now < end_;
  }
  void Finished() {
    const std::lock_guard lock(mutex_);
    ++finished_;
    changed_.notify_all();
  }
  // Of so many callers; the error of one, if there was any.
  std::string Wait(std::size_t callers) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return finished_ == callers; });
    std::sort(milliseconds_.begin(), milliseconds_.end());
    return error_;
  }
  // Once all have finished.
  double At(double share) const {
    return milliseconds_[static_cast<std::size_t>(share * static_cast<double>(milliseconds_.size() - 1))];
  }
  std::size_t calls() const { return milliseconds_.size(); }

 private:
  const Clock::time_point end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<double> milliseconds_;
  std::string error_;
  std::size_t finished_ = 0;
};

// Makes one call after another.
class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, std::string method, const std::vector<std::string>& vms,
         std::uint64_t turn, std::uint64_t step, Tally& tally)
      : stub_(v1::HyperTierService::NewStub(channel)),
        generic_(channel),
        method_(std::move(method)),
        vms_(vms),
        turn_(turn),
        step_(step),
        tally_(tally) {}

  void Call() {
    context_.emplace();
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    begun_ = Clock::now();
    const auto done = [this](grpc::Status status) { Done(std::move(status)); };
    const std::string vm = vms_.empty() ? "" : "vms/" + vms_[turn_ % vms_.size()];
    if (method_ == "list") {
      stub_->async()->ListVms(&*context_, &list_, &listed_, done);
    } else if (method_ == "get") {
      get_.set_name(vm);
      stub_->async()->GetVm(&*context_, &get_, &got_, done);
    } else if (method_ == "none") {
      empty_ = grpc::ByteBuffer(nullptr, 0);
      generic_.UnaryCall(&*context_, "/hypertier.v1.HyperTierService/None", grpc::StubOptions(), &empty_, &nothing_,
                         [this](const grpc::Status& status) {
                           const bool expected = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
                           Done(expected ? grpc::Status::OK : status);
                         });
    } else {
      resize_.set_name(vm);
      resize_.clear_tiers();
      v1::TierResize& tier = *resize_.add_tiers();
      tier.set_tier(v1::TIER_KIND_SMEM);
      tier.set_target_bytes(turn_ / vms_.size() % 2 == 0 ? 512ULL << 20 : 640ULL << 20);
      stub_->async()->ResizeVm(&*context_, &resize_, &resized_, done);
    }
  }

 private:
  void Done(grpc::Status status) {
    turn_ += step_;
    if (tally_.Ended(begun_, status)) {
      Call();
    } else {
      tally_.Finished();
    }
  }

  const std::unique_ptr<v1::HyperTierService::Stub> stub_;
  grpc::GenericStub generic_;
  const std::string method_;
  const std::vector<std::string>& vms_;
  std::uint64_t turn_;
  const std::uint64_t step_;
  Tally& tally_;
  std::optional<grpc::ClientContext> context_;
  Clock::time_point begun_;
  v1::ListVmsRequest list_;
  v1::ListVmsResponse listed_;
  v1::GetVmRequest get_;
  v1::GetVmResponse got_;
  v1::ResizeVmRequest resize_;
  v1::ResizeVmResponse resized_;
  grpc::ByteBuffer empty_;
  grpc::ByteBuffer nothing_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string method = argc > 2 ? argv[2] : "";
  const bool needs_vms = method == "get" || method == "resize";
  if (argc < 5 || (needs_vms && argc < 6) || (!needs_vms && method != "list" && method != "none")) {
    std::fprintf(stderr, "usage: fleet_load ENDPOINT list|get|none|resize SECONDS CALLS [UUID...]\n");
    return 2;
  }
  const std::vector<std::string> vms(argv + 5, argv + argc);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto channel = grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), arguments);
  Tally tally(Clock::now() + std::chrono::seconds(std::strtol(argv[3], nullptr, 10)));

  const std::size_t count = std::max(1L, std::strtol(argv[4], nullptr, 10));
  std::vector<std::unique_ptr<Caller>> callers;
  for (std::size_t i = 0; i < count; ++i) {
    callers.push_back(std::make_unique<Caller>(channel, method, vms, i, count, tally));
    callers.back()->Call();
  }
  if (const std::string error = tally.Wait(count); !error.empty()) {
    std::fprintf(stderr, "fleet_load: %s\n", error.c_str());
    return 1;
  }
  std::printf("{\"calls_per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
              static_cast<double>(tally.calls()) / std::strtod(argv[3], nullptr), tally.At(0.5), tally.At(0.99));
}

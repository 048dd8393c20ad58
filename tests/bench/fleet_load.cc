// SPDX-License-Identifier: Apache-2.0
//
// fleet_load ENDPOINT list|get|resize SECONDS [UUID...]: calls hypertierd from a few threads for so long, and prints
// how many calls a second it answered and how late the slowest of a hundred was. `get` and `resize` take turns with the
// VMs named; a resize moves SMEM between 512 and 640 MiB and does not wait for the guest.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "hypertier/v1/hypertier.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;
namespace v1 = hypertier::v1;

// Enough to keep both ends at work on a small machine.
constexpr unsigned kThreads = 4;

grpc::Status Call(v1::HyperTierService::Stub& stub, const std::string& method, const std::string& vm,
                  std::uint64_t turn) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  if (method == "list") {
    v1::ListVmsResponse response;
    return stub.ListVms(&context, v1::ListVmsRequest(), &response);
  }
  if (method == "get") {
    v1::GetVmRequest request;
    request.set_name(vm);
    v1::GetVmResponse response;
    return stub.GetVm(&context, request, &response);
  }
  v1::ResizeVmRequest request;
  request.set_name(vm);
  v1::TierResize& tier = *request.add_tiers();
  tier.set_tier(v1::TIER_KIND_SMEM);
  tier.set_target_bytes(turn % 2 == 0 ? 512ULL << 20 : 640ULL << 20);
  v1::ResizeVmResponse response;
  return stub.ResizeVm(&context, request, &response);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: fleet_load ENDPOINT list|get|resize SECONDS [UUID...]\n");
    return 2;
  }
  const std::string method = argv[2];
  const std::vector<std::string> vms(argv + 4, argv + argc);
  if (method != "list" && vms.empty()) {
    std::fprintf(stderr, "fleet_load: %s needs VMs\n", method.c_str());
    return 2;
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto channel = grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), arguments);
  const Clock::time_point end = Clock::now() + std::chrono::seconds(std::strtol(argv[3], nullptr, 10));

  std::vector<std::vector<double>> milliseconds(kThreads);
  std::vector<std::string> errors(kThreads);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto stub = v1::HyperTierService::NewStub(channel);
      for (std::uint64_t turn = t; Clock::now() < end; turn += kThreads) {
        const Clock::time_point begun = Clock::now();
        const std::string vm = vms.empty() ? "" : "vms/" + vms[turn % vms.size()];
        const grpc::Status status = Call(*stub, method, vm, vms.empty() ? 0 : turn / vms.size());
        if (!status.ok()) {
          errors[t] = status.error_message();
          return;
        }
        milliseconds[t].push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (unsigned t = 0; t < kThreads; ++t) {
    if (!errors[t].empty()) {
      std::fprintf(stderr, "fleet_load: %s\n", errors[t].c_str());
      return 1;
    }
    all.insert(all.end(), milliseconds[t].begin(), milliseconds[t].end());
  }
  std::sort(all.begin(), all.end());
  const auto at = [&](double share) {
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  std::printf("{\"calls_per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
              static_cast<double>(all.size()) / std::strtod(argv[3], nullptr), at(0.5), at(0.99));
}

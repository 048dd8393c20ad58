// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/event_loop.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <chrono>
#include <mutex>
#include <thread>

namespace hypertier {
namespace {

void RunForEver() {
  while (true) {
    // An iteration fails only when poll(2) does; a pause keeps that from eating a CPU.
    if (virEventRunDefaultImpl() < 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

void StartLibvirtEventLoop() {
  static std::once_flag once;
  std::call_once(once, [] {
    virInitialize();
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    virEventRegisterDefaultImpl();
    std::thread(RunForEver).detach();
  });
}

}  // namespace hypertier

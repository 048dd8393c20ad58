// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/unique_fd.h"

namespace hypertier::agent {

// An open virtio-serial port, never blocking.
//
// What Linux' virtio_console does, and so what callers see: while no host process has the other end open, read() gives
// 0, write() EAGAIN, and poll says EPOLLHUP all the time, so it must be watched edge-triggered; when the host comes, a
// new edge is reported. An unplugged port gives ENODEV for ever and must be closed. Only one process may have a port
// open.
class Port {
 public:
  enum class Result {
    kDone,    // so many bytes
    kWait,    // nothing now; an edge will come
    kNoHost,  // nobody at the other end; an edge will come
    kLost,    // the port is gone: close it
  };
  struct Io {
    Result result;
    std::size_t count = 0;
  };

  absl::Status Open(const std::string& path);
  void Close() { fd_.reset(); }

  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  Io Read(std::span<char> buffer);
  Io Write(std::string_view bytes);

 private:
  UniqueFd fd_;
};

}  // namespace hypertier::agent

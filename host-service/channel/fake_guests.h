// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/unique_fd.h"
#include "guest-agent/session/fake_guest.h"
#include "guest-agent/session/session.h"

namespace hypertier::channel {

// For tests: the guests' ends of many channels, with QEMU's manners (a listening socket that takes one client), all on
// one thread.
class FakeGuests {
 public:
  enum class Kind {
    kHonest,   // the real agent's session
    kFlood,    // the same, and then reports without end
    kGarbage,  // random bytes to whoever connects
    kDeaf,     // takes the connection and never reads
    kRude,     // closes each connection at once
  };

  // Sockets go to `folder`, named by number. Each guest is looked after once in `pause`. `shape` may change what a
  // guest says of itself, before it says anything.
  FakeGuests(std::string folder, const std::vector<Kind>& kinds,
             std::chrono::milliseconds pause = std::chrono::milliseconds(2),
             const std::function<void(std::size_t, agent::FakeGuest&)>& shape = nullptr)
      : folder_(std::move(folder)), pause_(pause) {
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      guests_.push_back(std::make_unique<One>(kinds[i], Path(i)));
      if (shape) shape(i, guests_.back()->guest);
    }
    thread_ = std::thread([this] { Loop(); });
  }

  ~FakeGuests() {
    stop_ = true;
    thread_.join();
    for (std::size_t i = 0; i < guests_.size(); ++i) unlink(Path(i).c_str());
  }

  std::string Path(std::size_t i) const { return folder_ + "/" + std::to_string(i); }

  // As if QEMU had gone away and come back.
  void DropAll() {
    const std::lock_guard lock(mutex_);
    for (auto& guest : guests_) guest->Hangup();
  }

 private:
  struct One {
    One(Kind of, const std::string& path) : kind(of), listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
      sockaddr_un address = {};
      address.sun_family = AF_UNIX;
      std::copy(path.begin(), path.end(), address.sun_path);
      unlink(path.c_str());
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
      listen(listener.get(), 1);
      session.Start(agent::Clock::now());
    }

    void Hangup() {
      client.reset();
      session.Disconnected();
    }

    void Step(agent::Time now) {
      if (!client) {
        client.reset(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
        if (!client) return;
      }
      if (kind == Kind::kDeaf) return;
      if (kind == Kind::kRude) return client.reset();
      if (kind == Kind::kGarbage) {
        const std::array<char, 997> garbage = {'H', 'T', 'F', '2'};
        if (send(client.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) Hangup();
        return;
      }
      std::array<char, 4096> buffer;
      const ssize_t count = read(client.get(), buffer.data(), buffer.size());
      if (count == 0 || (count < 0 && errno != EAGAIN)) return Hangup();
      if (count > 0) session.Receive(now, std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      // The fake's balloons change at once.
      if (count > 0) session.Changed(now);
      session.Tick(now);
      for (int i = 0; i < (kind == Kind::kFlood ? 200 : 1); ++i) {
        const std::string last(session.output());
        const ssize_t sent = send(client.get(), last.data(), last.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return Hangup();
        if (sent < static_cast<ssize_t>(last.size())) {
          if (sent > 0) session.Consume(static_cast<std::size_t>(sent));
          return;
        }
        session.Consume(last.size());
        // Each answer to a new HostHello is a report that a session would not make so soon.
        if (kind == Kind::kFlood && session.open()) {
          flood_time += std::chrono::milliseconds(200);
          session.Changed(now + flood_time);
          session.Tick(now + flood_time);
        }
      }
    }

    const Kind kind;
    UniqueFd listener;
    UniqueFd client;
    std::chrono::milliseconds flood_time{0};
    agent::FakeGuest guest;
    agent::Session session{agent::Identity{"fake", "kernel", "boot"}, guest};
  };

  void Loop() {
    while (!stop_) {
      {
        const std::lock_guard lock(mutex_);
        const agent::Time now = agent::Clock::now();
        for (auto& guest : guests_) guest->Step(now);
      }
      std::this_thread::sleep_for(pause_);
    }
  }

  const std::string folder_;
  const std::chrono::milliseconds pause_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<One>> guests_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace hypertier::channel

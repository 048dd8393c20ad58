// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/unique_fd.h"
#include "guest-agent/system/event_loop.h"

namespace hypertier::agent {

// Answers GET /metrics, one request a connection. On the agent's one thread, and bounded in all that a client can do: a
// few connections, a small request, a few seconds.
class MetricsEndpoint {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  static constexpr std::size_t kMostConnections = 8;
  static constexpr std::size_t kMostRequest = 8192;
  static constexpr std::chrono::seconds kPatience{5};

  // `address`: "127.0.0.1:9843" or "[::1]:9843"; port 0 takes a free one. `render` makes the text. `loop` outlives the
  // endpoint. InvalidArgument: the address is none; another error: it cannot be listened on; each with the remedy.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Listen(const std::string& address, EventLoop& loop,
                                                                 std::function<std::string()> render);
  ~MetricsEndpoint();
  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;

  // Ends connections that have taken too long, and says when to call again at the latest.
  Time Run(Time now);

  int port() const;

 private:
  struct Connection {
    UniqueFd fd;
    Time until;
    std::string request;
    // Empty while the request is read.
    std::string answer;
    std::size_t sent = 0;
  };

  MetricsEndpoint(UniqueFd listener, EventLoop& loop, std::function<std::string()> render)
      : listener_(std::move(listener)), loop_(loop), render_(std::move(render)) {}

  absl::Status WatchListener();
  void Accept();
  void Serve(int fd);
  // False: the connection is done with.
  bool Read(Connection& connection);
  bool Write(Connection& connection);
  std::string Answer(const std::string& request) const;
  void End(int fd);

  const UniqueFd listener_;
  EventLoop& loop_;
  const std::function<std::string()> render_;
  std::map<int, Connection> connections_;
  // While new ones are not looked for.
  Time listens_again_ = Time::max();
};

}  // namespace hypertier::agent

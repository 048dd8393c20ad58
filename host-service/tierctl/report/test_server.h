// SPDX-License-Identifier: Apache-2.0
//
// A Prometheus for tests: answers each GET on a port of 127.0.0.1 as the test says.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/unique_fd.h"

namespace hypertier::tierctl::report {

class TestServer {
 public:
  // What to send for a path with its query string, decoded.
  using Handler = std::function<std::string(const std::string& path)>;

  explicit TestServer(Handler handler) : handler_(std::move(handler)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_.get(), 16);
    socklen_t length = sizeof address;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~TestServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

  static std::string Answer(std::string_view body, std::string_view status = "200 OK", std::string_view headers = "") {
    return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}", status, body.size(),
                       headers, body);
  }

 private:
  void Serve() {
    while (true) {
      const UniqueFd client(accept(listener_.get(), nullptr, nullptr));
      if (!client) return;
      std::string request;
      std::array<char, 4096> buffer;
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = recv(client.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(count));
      }
      const std::size_t begin = std::min(request.find(' '), request.size() - 1) + 1;
      const std::string answer = handler_(Decode(request.substr(begin, request.find(' ', begin) - begin)));
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t count = send(client.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
    }
  }

  static std::string Decode(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size()) {
        plain += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        plain += text[i];
      }
    }
    return plain;
  }

  Handler handler_;
  UniqueFd listener_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace hypertier::tierctl::report

// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <thread>
#include <vector>

#include "common/unique_fd.h"
#include "host-service/web/fleet_fixture.h"

namespace hypertier::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({.listen = "127.0.0.1:0", .version = "1.2.3"}); }

  void Start(const Server::Options& options) {
    server_.reset();
    auto server = Server::Start(options, &source_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  UniqueFd Connect() {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience = {.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  // What comes until the server closes.
  static std::string ReadAll(const UniqueFd& fd) {
    std::string text;
    std::array<char, 65536> buffer;
    while (true) {
      const ssize_t count = recv(fd.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  std::string Ask(const std::string& request) {
    const UniqueFd fd = Connect();
    send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
    return ReadAll(fd);
  }
  std::string Get(const std::string& path, const std::string& more = "", const std::string& method = "GET") {
    return Ask(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more + "\r\n");
  }

  FakeSource source_{FleetOf({TwoTierVm("u1", "one", Bytes::MiB(100), Bytes::MiB(40))})};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersWithTheDocumentAndWhatKeepsABrowserFromDoingMore) {
  const std::string answer = Get("/api/v1/status");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  for (const char* header : {"Content-Type: application/json\r\n", "Cache-Control: no-store\r\n", "ETag: \"",
                             "X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: no-referrer\r\n",
                             "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
                             "connect-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
                             "form-action 'none'\r\n"}) {
    EXPECT_THAT(answer, HasSubstr(header));
  }
  EXPECT_THAT(answer, Not(HasSubstr("Access-Control-Allow-Origin")));
  EXPECT_THAT(answer, HasSubstr(R"("name":"one")"));
}

TEST_F(ServerTest, AHeadHasNoBodyAndAnEtagThatIsKnownNeither) {
  const std::string head = Get("/", "", "HEAD");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("<html")));
  const std::size_t at = head.find("ETag: ") + 6;
  const std::string etag = head.substr(at, head.find("\r\n", at) - at);
  const std::string known = Get("/", "If-None-Match: " + etag + "\r\n");
  EXPECT_THAT(known, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(known, Not(HasSubstr("<html")));
}

TEST_F(ServerTest, RefusesWhatItIsNotFor) {
  const std::string post = Get("/api/v1/status", "Content-Length: 5\r\n", "POST");
  EXPECT_THAT(post, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(post, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(Get("/no/such"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Ask("GET / HTTP/1.0\r\n\r\n"), HasSubstr(" 421 "));
}

TEST_F(ServerTest, SurvivesWhatIsNoHttp) {
  EXPECT_THAT(Ask(std::string("\0\xff\r\n\r\n", 6)), Not(HasSubstr("200 OK")));
  EXPECT_THAT(Get("/", "X: " + std::string(100'000, 'x') + "\r\n"), Not(HasSubstr("200 OK")));
  EXPECT_THAT(Get("/" + std::string(100'000, 'x')), Not(HasSubstr("200 OK")));
  EXPECT_THAT(Get("/"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, SlowClientsAreBoundedInNumberAndTime) {
  Start({.listen = "127.0.0.1:0", .version = "1.2.3", .connections = 8, .idle = absl::Seconds(1)});
  std::vector<UniqueFd> slow;
  for (int i = 0; i < 60; ++i) {
    slow.push_back(Connect());
    ASSERT_EQ(send(slow.back().get(), "GET / HT", 8, MSG_NOSIGNAL), 8);
  }
  // Answered once those before it have been thrown out.
  EXPECT_THAT(Get("/"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_LE(server_->connections(), 8U);
  for (const UniqueFd& fd : slow) EXPECT_THAT(ReadAll(fd), Not(HasSubstr("200 OK")));
}

TEST_F(ServerTest, ManyReadersAtOnceGetWholeAnswers) {
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([this] {
      for (int k = 0; k < 20; ++k) {
        const std::string answer = Get(k % 2 == 0 ? "/api/v1/status" : "/api/v1/vms/u1");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
        EXPECT_EQ(answer.back(), '}');
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
}

TEST_F(ServerTest, TheLastHourBeginsAtOnce) {
  std::string answer;
  for (int i = 0; i < 100 && answer.find(R"("fmem_target_bytes":[104857600])") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    answer = Get("/api/v1/vms/u1");
  }
  EXPECT_THAT(answer, HasSubstr(R"("fmem_target_bytes":[104857600])"));
}

TEST_F(ServerTest, SaysWhyItCannotListenAndWhatToDo) {
  const std::string taken = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = Server::Start({.listen = taken, .version = "1.2.3"}, &source_);
  ASSERT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  const std::string message(second.status().message().data(), second.status().message().size());
  EXPECT_THAT(message, StartsWith("listen.status: cannot listen on " + taken + ": Address already in use; "));
  EXPECT_EQ(Server::Start({.listen = "192.0.2.1:9842", .version = ""}, &source_).status().code(),
            absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace hypertier::web

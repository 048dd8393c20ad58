// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <set>

#include "guest-agent/metrics/endpoint.h"
#include "guest-agent/metrics/exposition.h"
#include "guest-agent/metrics/table.h"

namespace hypertier::agent {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(AgentMetrics, NamesAreUniqueAndFollowTheRules) {
  std::set<std::string_view> names;
  for (const MetricRow<Metric>& row : kTable) {
    EXPECT_TRUE(names.insert(row.definition.name).second) << row.definition.name;
    EXPECT_EQ(MetricFault(row.definition), "") << row.definition.name;
  }
}

TEST(AgentMetrics, ShowWhatIsKnown) {
  AgentFigures figures;
  figures.version = "1.2.3";
  std::string text = Expose(figures);
  EXPECT_THAT(text, HasSubstr("\nhypertier_agent_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhypertier_agent_placement_info{source=\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhypertier_agent_link_up 0\n"));
  EXPECT_THAT(text, HasSubstr("\nhypertier_agent_process_resident_memory_bytes "));
  EXPECT_THAT(text, Not(HasSubstr("tier=")));

  figures.link_up = true;
  figures.balloons.emplace();
  figures.balloons->pressure = 0.25;
  figures.balloons->snapshot.oom_deflates = 3;
  figures.balloons->snapshot.tiers.fmem() = {.node = 0,
                                             .present = Bytes::MiB(256),
                                             .free = Bytes::MiB(10),
                                             .balloon_target = Bytes::MiB(64),
                                             .balloon = Bytes::MiB(60),
                                             .shortfall = Bytes::MiB(4),
                                             .state = TierSnapshot::State::kShort};
  PlacementFigures placement;
  placement.source = "accessed-bit";
  placement.hit_ratio = 0.75;
  placement.curve = {{Bytes::MiB(128), 0.5}, {Bytes::MiB(192), 1}};
  placement.refusals[static_cast<std::size_t>(Refusal::kPinned)] = 5;
  placement.migration_cpu_ns = 1'500'000'000;
  figures.placement = std::make_shared<const PlacementFigures>(placement);
  text = Expose(figures);
  for (const char* line :
       {"hypertier_agent_link_up 1", "hypertier_agent_tier_cell_bytes{tier=\"fmem\"} 268435456",
        "hypertier_agent_tier_target_bytes{tier=\"fmem\"} 201326592",
        "hypertier_agent_tier_shortfall_bytes{tier=\"fmem\"} 4194304", "hypertier_agent_oom_deflates_total 3",
        "hypertier_agent_memory_pressure_ratio 0.25", "hypertier_agent_fmem_hit_ratio 0.75",
        "hypertier_agent_expected_hit_ratio{cell_percent=\"25\"} 0.25",
        "hypertier_agent_expected_hit_ratio{cell_percent=\"100\"} 1",
        "hypertier_agent_refused_pages_total{reason=\"pinned\"} 5",
        "hypertier_agent_placement_cpu_seconds_total{stage=\"migration\"} 1.5",
        "# TYPE hypertier_agent_moved_bytes_total counter"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(text, Not(HasSubstr("tier=\"smem\"")));
}

using Clock = MetricsEndpoint::Clock;
using Time = MetricsEndpoint::Time;

class EndpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loop = EventLoop::Create();
    ASSERT_TRUE(loop.ok());
    loop_.emplace(*std::move(loop));
    auto endpoint = MetricsEndpoint::Listen("127.0.0.1:0", *loop_, [this] { return body_; });
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    endpoint_ = *std::move(endpoint);
  }

  UniqueFd Connect() const {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(endpoint_->port()));
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  void Turn() { loop_->Wait(Clock::now() + std::chrono::milliseconds(20)); }

  // All that comes until the other end closes.
  std::string Read(int fd) {
    std::string all;
    for (const Time end = Clock::now() + std::chrono::seconds(10); Clock::now() < end;) {
      Turn();
      char buffer[65536];
      const ssize_t count = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno == ECONNRESET)) return all;
      if (count > 0) all.append(buffer, static_cast<std::size_t>(count));
    }
    return all + " (still open)";
  }

  std::string Ask(const std::string& request) {
    const UniqueFd fd = Connect();
    EXPECT_EQ(send(fd.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    return Read(fd.get());
  }

  std::optional<EventLoop> loop_;
  std::string body_ = "hypertier_agent_link_up 1\n";
  std::unique_ptr<MetricsEndpoint> endpoint_;
};

TEST_F(EndpointTest, AnswersGetOfMetricsAndNothingElse) {
  const std::string answer = Ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 26\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhypertier_agent_link_up 1\n"));
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask("GET /metricsx HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask("POST /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_EQ(Ask("GET " + std::string(MetricsEndpoint::kMostRequest + 4096, 'x')), "") << "too long";
}

TEST_F(EndpointTest, ALargeAnswerArrivesWhole) {
  body_.assign(4 << 20, 'x');
  EXPECT_THAT(Ask("GET /metrics HTTP/1.1\r\n\r\n"), EndsWith(body_));
}

TEST_F(EndpointTest, ThoseWhoSayNothingKeepNobodyOutAndAreEnded) {
  std::vector<UniqueFd> silent;
  for (std::size_t i = 0; i < 3 * MetricsEndpoint::kMostConnections; ++i) {
    silent.push_back(Connect());
    Turn();
  }
  EXPECT_THAT(Ask("GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(endpoint_->Run(Clock::now()), Clock::now() + MetricsEndpoint::kPatience);
  EXPECT_EQ(endpoint_->Run(Clock::now() + MetricsEndpoint::kPatience), Time::max());
  EXPECT_EQ(Read(silent.back().get()), "");
}

TEST_F(EndpointTest, WithoutFilesItWaitsInsteadOfSpinning) {
  const UniqueFd waiting = Connect();
  const std::string request = "GET /metrics HTTP/1.1\r\n\r\n";
  ASSERT_EQ(send(waiting.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  rlimit files = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  rlimit none = files;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Turn();
  const Time begin = Clock::now();
  Turn();
  const auto turn = Clock::now() - begin;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_GE(turn, std::chrono::milliseconds(20)) << "nothing wakes it";
  EXPECT_LE(endpoint_->Run(Clock::now()), Clock::now() + MetricsEndpoint::kPatience);
  endpoint_->Run(Clock::now() + MetricsEndpoint::kPatience);
  EXPECT_THAT(Read(waiting.get()), StartsWith("HTTP/1.1 200 ")) << "it has waited its turn";
}

TEST_F(EndpointTest, AnAddressThatCannotBeIsRefusedWithTheRemedy) {
  for (const char* address : {"", "9843", "localhost:9843", "127.0.0.1:99999", "127.0.0.1:x", "::1:80"}) {
    const auto endpoint = MetricsEndpoint::Listen(address, *loop_, [] { return ""; });
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(endpoint.status().message()), HasSubstr("127.0.0.1:9843")) << address;
  }
  const std::string taken = "127.0.0.1:" + std::to_string(endpoint_->port());
  const auto again = MetricsEndpoint::Listen(taken, *loop_, [] { return ""; });
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("in use"));
}

}  // namespace
}  // namespace hypertier::agent

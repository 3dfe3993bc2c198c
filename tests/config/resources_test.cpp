#include "config/resources.hpp"

#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace loadstar::config {
namespace {

using testing::made_up;
using testing::TemporaryDirectory;

/// A system made of files, with 10000 KiB of memory.
class ResourcesTest : public ::testing::Test {
 protected:
  ResourcesTest() {
    surroundings_ = made_up();
    surroundings_.system_root = directory_.path().string();
    write("proc/meminfo", "MemTotal:       10000 kB\nMemFree: 1 kB\n");
  }

  void write(const std::string& name, const std::string& content) {
    directory_.write(name, content);
  }
  std::uint64_t memory() const { return automatic_memory(surroundings_).value; }
  unsigned threads() const { return automatic_threads(surroundings_); }

  /// 70 % as the code rounds it.
  static std::uint64_t share(std::uint64_t limit) { return limit / 100 * 70; }

  TemporaryDirectory directory_;
  Surroundings surroundings_;
  const unsigned cpus_ = std::max(1U, std::thread::hardware_concurrency());
};

TEST_F(ResourcesTest, WithoutALimitTheMachineCounts) {
  EXPECT_EQ(memory(), share(10'240'000));
  EXPECT_EQ(threads(), cpus_);
  write("proc/self/cgroup", "0::/pod\n");
  write("sys/fs/cgroup/pod/memory.max", "max\n");
  write("sys/fs/cgroup/pod/cpu.max", "max 100000\n");
  EXPECT_EQ(memory(), share(10'240'000));
  EXPECT_EQ(threads(), cpus_);
}

TEST_F(ResourcesTest, TheLimitOfCgroupV2Counts) {
  write("proc/self/cgroup", "0::/pod/container\n");
  write("sys/fs/cgroup/pod/container/memory.max", "5000000\n");
  write("sys/fs/cgroup/pod/container/cpu.max", "100000 100000\n");
  EXPECT_EQ(memory(), share(5'000'000));
  EXPECT_EQ(threads(), 1U);
}

TEST_F(ResourcesTest, ALimitOfAParentCounts) {
  write("proc/self/cgroup", "0::/pod/container\n");
  write("sys/fs/cgroup/pod/memory.max", "4000000\n");
  write("sys/fs/cgroup/pod/container/memory.max", "5000000\n");
  EXPECT_EQ(memory(), share(4'000'000));
}

/// In a container with its own cgroup namespace the files are at the mount point.
TEST_F(ResourcesTest, TheMountPointItselfCounts) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "3000000\n");
  write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(memory(), share(3'000'000));
  EXPECT_EQ(threads(), 1U);
  write("proc/self/cgroup", "0::/../other/path/that/is/not/there\n");
  EXPECT_EQ(memory(), share(3'000'000));
}

TEST_F(ResourcesTest, TheLimitOfCgroupV1Counts) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a/b\n1:name=systemd:/x\n");
  write("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "2000000\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(memory(), share(2'000'000));
  EXPECT_EQ(threads(), 1U);
  // v1 says "no limit" with a number larger than any memory, and "no quota" with -1.
  write("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(memory(), share(10'240'000));
  EXPECT_EQ(threads(), cpus_);
}

TEST_F(ResourcesTest, QuotasAreRoundedUpAndNeverAboveTheMachine) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "100001 100000\n");
  EXPECT_EQ(threads(), std::min(cpus_, 2U));
  write("sys/fs/cgroup/cpu.max", "1000000000 100000\n");
  EXPECT_EQ(threads(), cpus_);
}

TEST_F(ResourcesTest, NonsenseIsNoLimit) {
  for (const char* text : {"", "\n", "0", "-5", "much", "99999999999999999999999"}) {
    write("proc/self/cgroup", "0::/\nnonsense\n");
    write("sys/fs/cgroup/memory.max", text);
    write("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(memory(), share(10'240'000)) << text;
    EXPECT_EQ(threads(), cpus_) << text;
  }
}

TEST_F(ResourcesTest, AutoIsResolvedByLoad) {
  write("proc/self/cgroup", "0::/\n");
  write("proc/meminfo", "MemTotal:       2000000 kB\n");
  write("sys/fs/cgroup/memory.max", "1000000000\n");
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  const Loaded loaded = load_text(testing::usable(), "f", surroundings_);
  ASSERT_TRUE(loaded.options) << render_problems(loaded.problems);
  EXPECT_EQ(loaded.options->core.limits.memory, Bytes{700'000'000});
  EXPECT_EQ(loaded.options->threads, 1U);
  EXPECT_EQ(loaded.options->resources.memory, std::nullopt);
}

}  // namespace
}  // namespace loadstar::config

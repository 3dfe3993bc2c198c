// What is in the file after it was closed, killed or copied.
#include "tests/emulator/engine/tests/fixture.hpp"

#include <filesystem>
#include <fstream>

namespace emulator::test {
namespace {

class Durability : public EngineTest {
 protected:
  Durability() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "emulator-engine-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    engine_ = Engine::open(path());
    run("CREATE DATABASE test; CREATE TABLE test.t (k INT NOT NULL, v VARCHAR(10) DEFAULT \"d\", n "
        "BIGINT AUTO_INCREMENT) PRIMARY KEY(k) DISTRIBUTED BY HASH(k)");
  }
  ~Durability() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string path() const { return directory_ + "/emulator.db"; }

  void stage(std::int64_t transaction, const std::string& body) {
    EngineError error;
    const auto plan = engine_->plan("test", "t", {}, true, error);
    ASSERT_NE(plan, nullptr);
    plan->append(body);
    ASSERT_FALSE(plan->finish().error);
    engine_->stage(transaction, *plan);
  }

  std::string directory_;
};

TEST_F(Durability, StagedRowsAndTablesSurviveReopening) {
  stage(1, "1\ta\n2\tb\n");
  stage(2, "3\tc\n");
  engine_.reset();
  engine_ = Engine::open(path());
  EXPECT_EQ(query("SELECT * FROM t"), Rows{});
  engine_->publish(1);
  EXPECT_EQ(query("SELECT k, v FROM t"), (Rows{{"1", "a"}, {"2", "b"}}));
  engine_->discard(2);
  engine_.reset();
  engine_ = Engine::open(path());
  engine_->publish(2);
  EXPECT_EQ(query("SELECT k, v FROM t"), (Rows{{"1", "a"}, {"2", "b"}}));
  EXPECT_EQ(engine_->table("test", "t")->columns[1].default_value, "d");
  // AUTO_INCREMENT goes on.
  load_ok("t", {}, "4\td\n");
  EXPECT_EQ(query("SELECT n FROM t WHERE k = 4"), (Rows{{"3"}}));
}

TEST_F(Durability, ACopyOfTheFilesWhileOpenHoldsWhatWasStaged) {
  // What a kill -9 leaves: the files as they are, with no chance to close them.
  stage(1, "1\ta\n");
  engine_->put("txn/1", "prepared");
  const std::string copy = directory_ + "/copy.db";
  for (const char* suffix : {"", "-wal"})
    std::filesystem::copy_file(path() + suffix, copy + suffix);
  engine_ = Engine::open(copy);
  EXPECT_EQ(engine_->scan("txn/"), (std::map<std::string, std::string>{{"txn/1", "prepared"}}));
  engine_->publish(1);
  EXPECT_EQ(query("SELECT k, v FROM t"), (Rows{{"1", "a"}}));
}

TEST_F(Durability, RowsOfADroppedTableAreForgotten) {
  stage(1, "1\ta\n");
  run("DROP TABLE test.t");
  engine_->publish(1);
  run("CREATE TABLE test.t (other INT) DUPLICATE KEY(other)");
  stage(2, "7\n");
  run("DROP TABLE test.t; CREATE TABLE test.t (another INT) DUPLICATE KEY(another)");
  engine_->publish(2);
  EXPECT_EQ(query("SELECT * FROM t"), Rows{});
}

TEST_F(Durability, KeyValues) {
  engine_->put("a/1", "x");
  engine_->put("a/2", std::string("\0y", 2));
  engine_->put("b/1", "z");
  engine_->put("a/1", "w");
  EXPECT_EQ(engine_->scan("a/"),
            (std::map<std::string, std::string>{{"a/1", "w"}, {"a/2", std::string("\0y", 2)}}));
  engine_->erase("a/1");
  engine_->erase("a/1");
  EXPECT_EQ(engine_->scan("a/").size(), 1U);
  EXPECT_EQ(engine_->scan("").size(), 2U);
}

TEST_F(Durability, AFileThatIsNoDatabaseIsRefused) {
  const std::string other = directory_ + "/text.db";
  std::ofstream(other) << "this is no SQLite file, and long enough to be taken for a header of one";
  EXPECT_THROW((void)Engine::open(other), std::runtime_error);
}

}  // namespace
}  // namespace emulator::test

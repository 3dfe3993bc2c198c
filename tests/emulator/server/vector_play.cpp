#include "tests/emulator/server/vector_play.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace emulator::testing {
namespace {

using Plays = std::map<std::string, VectorPlay>;
using Run = VectorRun;

constexpr const char* kLabel = "lbl-1";
constexpr std::int64_t kId = 1059;

void with_follower(Options& options) { options.follower = true; }

std::function<void(Options&)> with_version(const std::string& version) {
  return [version](Options& options) { options.version = version; };
}

void add_user_without_privileges(Run& run) {
  (*run.cluster)->set_users({{"root", "", {Grant{}}}, {"u1", "", {}}});
}

void give_root_a_password(Run& run) { (*run.cluster)->set_users({{"root", "x", {Grant{}}}}); }

void drop_header(Run& run, const std::string& name) {
  std::erase_if(run.request.headers, [&name](const auto& header) { return header.first == name; });
}

void set_header(Run& run, const std::string& name, const std::string& value) {
  drop_header(run, name);
  run.request.headers.emplace_back(name, value);
}

// States of lbl-1, reached through the protocol itself.

void begun(Run& run) {
  (*run.cluster)->set_next_transaction_id(kId);
  run.cluster->open_transaction(kLabel, "");
}

void loaded(Run& run) {
  (*run.cluster)->set_next_transaction_id(kId);
  run.cluster->open_transaction(kLabel);
}

void begun_through_frontend(Run& run) {
  const Reply redirect = run.cluster->at_frontend("begin", kLabel);
  EXPECT_EQ(redirect.status, 307);
  run.cluster->open_transaction(kLabel, "");
}

/// "One load of 1 byte": the only row that one byte can make.
void loaded_one_byte(Run& run) {
  (*run.cluster)->set_next_transaction_id(kId);
  const HeaderList table = {{"table", "single"}};
  EXPECT_EQ(status_of(run.cluster->at_backend("begin", kLabel, table)), "OK");
  EXPECT_EQ(status_of(run.cluster->at_backend("load", kLabel, table, "1")), "OK");
}

void prepared(Run& run) {
  (*run.cluster)->set_next_transaction_id(kId);
  run.cluster->prepare_transaction(kLabel);
}

void visible(Run& run) {
  prepared(run);
  EXPECT_EQ(status_of(run.cluster->at_frontend("commit", kLabel)), "OK");
  EXPECT_EQ((*run.cluster)->label_state("test_db", kLabel), "VISIBLE");
}

void aborted(Run& run) {
  begun(run);
  EXPECT_EQ(status_of(run.cluster->at_backend("rollback", kLabel)), "OK");
}

void committed_only(Run& run) {
  prepared(run);
  (*run.cluster)->set_config("publish_delay_ms", "100000000");
  const Reply reply = run.cluster->at_frontend("commit", kLabel, {{"timeout", "0"}});
  EXPECT_EQ(status_of(reply), "FAILED") << reply.body;
  EXPECT_EQ((*run.cluster)->label_state("test_db", kLabel), "COMMITTED");
}

void expect_state(Run& run, const std::string& state) {
  EXPECT_EQ((*run.cluster)->label_state("test_db", kLabel), state);
}

std::function<void(Run&)> state_is(const std::string& state) {
  return [state](Run& run) { expect_state(run, state); };
}

/// Refused after begin: the transaction is aborted and its label free.
void check_label_reusable(Run& run) {
  expect_state(run, "ABORTED");
  EXPECT_EQ(status_of(run.cluster->stream_load(kLabel, "1,a,2\n")), "Success");
}

/// Sends the request with its body, lets `meanwhile` act, then takes the answer.
std::optional<Reply> play_with(Run& run, const std::function<void()>& meanwhile) {
  TestClient client(run.port());
  client.send(run.request.head());
  const auto first = client.read_reply();
  if (!first || first->status != 100) return first;
  client.send(run.request.body);
  meanwhile();
  return client.read_reply();
}

void add_frontend_stream_load(Plays& plays) {
  plays["fe_stream_load_redirect"] = {};
  plays["fe_stream_load_no_expect"].body = "1,a,2\n";
  plays["fe_stream_load_http10_without_expect"].prepare = [](Run& run) {
    run.request.version = "HTTP/1.0";
  };
  plays["fe_stream_load_no_auth"] = {};
  plays["fe_stream_load_bad_password"].prepare = give_root_a_password;
  plays["fe_stream_load_no_insert_privilege"].prepare = add_user_without_privileges;
  plays["fe_stream_load_unknown_warehouse"] = {};
  plays["fe_oversize_headers"].prepare = [](Run& run) {
    set_header(run, "columns", std::string(32769, 'a'));
  };
  plays["fe_follower_stream_load_redirects_to_be"].options = with_follower;
  plays["fe_unknown_db_is_not_checked"] = {};
  plays["fe_merge_commit_missing_interval"] = {};
  plays["fe_stream_load_meta_nodes"] = {};
  plays["fe_put_unknown_path"] = {};
}

void add_backend_stream_load(Plays& plays) {
  for (const char* name :
       {"be_stream_load_json_array_success", "be_stream_load_ndjson_success",
        "be_stream_load_no_label", "be_stream_load_without_expect",
        "be_stream_load_filtered_within_ratio", "be_stream_load_where_unselected",
        "be_stream_load_strict_mode_filters", "be_stream_load_rejected_record_path",
        "be_stream_load_no_basic_auth", "be_stream_load_scheme_case",
        "be_stream_load_timeout_out_of_range", "be_stream_load_body_too_large",
        "be_stream_load_json_too_large", "be_stream_load_unknown_table",
        "be_stream_load_empty_body", "be_stream_load_json_array_without_strip",
        "be_stream_load_json_object_with_strip", "be_expect_other_value", "be_unknown_path"}) {
    plays[name] = {};
  }
  plays["be_stream_load_csv_success"].body = "1,a,2\n2,b,3\n";
  plays["be_stream_load_csv_success"].check = [](Run& run) {
    EXPECT_EQ(run.cluster->count_rows(), "2");
  };
  plays["be_stream_load_chunked_success"].body = "6\r\n1,a,2\n\r\n6\r\n2,b,3\n\r\n0\r\n\r\n";
  plays["be_stream_load_default_non_strict_null"].check = [](Run& run) {
    const QueryResult rows = (*run.cluster)->query("SELECT score FROM table1", "test_db");
    ASSERT_EQ(rows.rows.size(), 1U);
    EXPECT_FALSE(rows.rows[0][0].has_value());
  };
  plays["be_stream_load_too_many_filtered"].check = check_label_reusable;
  plays["be_stream_load_publish_timeout"].prepare = [](Run& run) {
    (*run.cluster)->set_config("publish_delay_ms", "100000000");
  };
  plays["be_stream_load_publish_timeout"].play = [](Run& run) {
    return play_with(run, [&run] {
      run.cluster->await_state(kLabel, "COMMITTED");
      (*run.cluster)->advance_clock(std::chrono::seconds(31));
    });
  };
  plays["be_stream_load_repeated_header_first_wins"].body = "1,a,2\n";
  plays["be_stream_load_repeated_header_first_wins"].prepare = [](Run& run) {
    run.request.headers.emplace_back("column_separator", "|");
  };
  plays["be_stream_load_label_finished"].prepare = [](Run& run) {
    run.cluster->stream_load(kLabel, "1,a,2\n");
  };
  plays["be_stream_load_label_running"].prepare = begun;
  plays["be_stream_load_label_aborted_reusable"].prepare = aborted;
  plays["be_stream_load_wrong_password"].prepare = give_root_a_password;
  plays["be_stream_load_running_txn_limit"].prepare = [](Run& run) {
    TestClient client((*run.cluster)->be_port(0));
    for (int i = 0; i < 1000; ++i) {
      RequestText begin;
      begin.method = "POST";
      begin.target = "/api/transaction/begin";
      begin.headers = {{"Host", "be1"},
                       {"Authorization", kRoot},
                       {"db", "test_db"},
                       {"table", "table1"},
                       {"label", "running-" + std::to_string(i)}};
      const auto reply = exchange(client, begin);
      ASSERT_TRUE(reply && status_of(*reply) == "OK");
    }
  };
  plays["be_stream_load_concurrency_limiter"].play = [](Run& run) {
    (*run.cluster)->set_config("enable_http_stream_load_limit", "true");
    std::vector<TestClient> running;
    for (int i = 0; i < 47; ++i) {
      RequestText load = run.request;
      std::erase_if(load.headers, [](const auto& header) { return header.first == "label"; });
      load.headers.emplace_back("label", "running-" + std::to_string(i));
      running.emplace_back(run.port());
      running.back().send(load.head());
      const auto accepted = running.back().read_reply();
      if (!accepted || accepted->status != 100) throw std::runtime_error("a load was refused");
    }
    return exchange(run.port(), run.request);
  };
  plays["be_stream_load_shutting_down"].prepare = [](Run& run) {
    (*run.cluster)->set_backend_stopping(0, true);
  };
  for (const char* name : {"be_stream_load_bad_strict_mode", "be_stream_load_two_compressions",
                           "be_stream_load_unknown_compression", "be_stream_load_bad_timezone",
                           "be_stream_load_partial_update_not_pk"}) {
    plays[name].check = check_label_reusable;
  }
  plays["be_stream_load_merge_condition_on_key"].options = [](Options& options) {
    options.init_sql =
        "CREATE DATABASE test_db; CREATE TABLE test_db.table1 (id INT NOT NULL, name VARCHAR(10), "
        "score INT) PRIMARY KEY(id) DISTRIBUTED BY HASH(id);";
  };
  plays["be_stream_load_merge_condition_on_key"].check = check_label_reusable;
  plays["be_stream_load_no_length_no_chunked"].body = "";
  plays["be_stream_load_aborted_by_timeout"].body = "1,a,2\n";
  plays["be_stream_load_aborted_by_timeout"].play = [](Run& run) {
    TestClient client(run.port());
    client.send(run.request.head());
    const auto accepted = client.read_reply();
    if (!accepted || accepted->status != 100) return accepted;
    (*run.cluster)->advance_clock(std::chrono::seconds(40));
    client.send(run.request.body);
    return client.read_reply();
  };
  plays["be_stream_load_aborted_by_timeout"].check = [](Run& run) {
    expect_state(run, "ABORTED");
    EXPECT_EQ((*run.cluster)->label_reason("test_db", kLabel), "timeout by txn manager");
  };
}

void add_backend_http(Plays& plays) {
  plays["be_connection_dropped_mid_body"].body = std::string(1000, 'x');
  plays["be_connection_dropped_mid_body"].play = [](Run& run) -> std::optional<Reply> {
    TestClient client(run.port());
    client.send(run.request.head());
    const auto accepted = client.read_reply();
    EXPECT_TRUE(accepted && accepted->status == 100);
    client.send(std::string(500, 'x'));
    client.close();
    run.cluster->await_state(kLabel, "ABORTED");
    return std::nullopt;
  };
  plays["be_connection_dropped_mid_body"].check = check_label_reusable;
  plays["be_chunked_body_over_limit"].prepare = [](Run& run) {
    (*run.cluster)->set_config("streaming_load_max_mb", "1");
  };
  const std::string chunk = "96000\r\n" + std::string(0x96000, '1') + "\r\n";
  plays["be_chunked_body_over_limit"].body = chunk + chunk + "0\r\n\r\n";
  plays["be_chunked_body_over_limit"].check = state_is("ABORTED");
  plays["be_load_error_log"].prepare = [](Run& run) {
    const Reply load = run.cluster->stream_load(kLabel, "1,a,2\n2,b\n");
    const std::string url = json_of(load).at("ErrorURL");
    run.request.target = url.substr(url.find("/api/"));
  };
  plays["health_be"] = {};
}

void add_merge_commit(Plays& plays) {
  const auto after_window = [](Run& run) {
    return play_with(run, [&run] {
      TestCluster::await([&run] { return (*run.cluster)->running_transactions("test_db") == 1; });
      (*run.cluster)->advance_clock(std::chrono::milliseconds(1100));
    });
  };
  plays["merge_commit_sync_success"].play = after_window;
  plays["merge_commit_sync_success"].check = [](Run& run) {
    EXPECT_EQ(run.cluster->count_rows(), "1");
  };
  plays["merge_commit_aborted"].play = after_window;
  plays["merge_commit_aborted"].body = "1,abc\n";  // the 6 bytes that the vector announces
  plays["merge_commit_published_late"].play = [](Run& run) {
    (*run.cluster)->set_config("publish_delay_ms", "60000");
    return play_with(run, [&run] {
      TestCluster::await([&run] { return (*run.cluster)->running_transactions("test_db") == 1; });
      (*run.cluster)->advance_clock(std::chrono::milliseconds(1100));
      (*run.cluster)->advance_clock(std::chrono::seconds(12));
    });
  };
  plays["merge_commit_published_late"].check = [](Run& run) {
    (*run.cluster)->advance_clock(std::chrono::seconds(60));
    TestCluster::await([&run] { return run.cluster->count_rows() == "1"; });
  };
}

void add_begin(Plays& plays) {
  for (const char* name :
       {"txn_begin_fe_redirect", "txn_begin_ok", "txn_begin_fe_no_db", "txn_begin_fe_unknown_db",
        "txn_begin_put_method", "txn_unknown_op", "txn_no_auth", "txn_begin_be_no_auth",
        "txn_begin_no_table", "txn_multi_on_old_fe"}) {
    plays[name] = {};
  }
  plays["txn_begin_follower_redirect"].options = with_follower;
  plays["txn_begin_duplicate_running"].options = [](Options& options) { options.backends = 2; };
  plays["txn_begin_duplicate_running"].prepare = [](Run& run) {
    run.cluster->open_transaction(kLabel, "", 1);
  };
  plays["txn_begin_duplicate_finished"].prepare = visible;
  plays["txn_begin_after_abort"].prepare = aborted;
  plays["txn_begin_after_abort"].check = state_is("PREPARE");
  plays["txn_begin_be_no_insert_privilege"].prepare = add_user_without_privileges;
}

void add_load(Plays& plays) {
  plays["txn_load_fe_redirect"].prepare = begun_through_frontend;
  plays["txn_load_ok"].prepare = begun;
  plays["txn_load_post_method"].prepare = begun;
  plays["txn_load_table_mismatch"].prepare = begun;
  plays["txn_load_table_mismatch"].check = [](Run& run) {
    EXPECT_EQ(
        status_of(run.cluster->at_backend("load", kLabel, {{"column_separator", ","}}, "1,a,2\n")),
        "OK");
  };
  plays["txn_load_parameters_changed"].prepare = loaded;
  plays["txn_load_parameters_changed"].check = state_is("ABORTED");
  plays["txn_load_on_failed_txn"].prepare = [](Run& run) {
    begun(run);
    EXPECT_TRUE((*run.cluster)->mark_context_failed(0, kLabel));
  };
  plays["txn_load_during_timeout_abort"].prepare = [](Run& run) {
    begun(run);
    EXPECT_TRUE((*run.cluster)->mark_context_timing_out(0, kLabel));
  };
  plays["txn_load_bad_format"].prepare = begun;
  plays["txn_load_bad_format"].check = state_is("ABORTED");
  plays["txn_load_fe_no_node"] = {};
  plays["txn_load_fe_unknown_txn_late"].options = with_version("3.5.3");
}

void add_prepare_and_commit(Plays& plays) {
  plays["txn_prepare_ok"].prepare = loaded_one_byte;
  plays["txn_prepare_too_many_filtered"].prepare = [](Run& run) {
    run.cluster->open_transaction(kLabel, "2,b\n");
  };
  plays["txn_prepare_too_many_filtered"].check = state_is("ABORTED");
  plays["txn_prepare_repeated"].prepare = prepared;
  plays["txn_prepare_bad_prepared_timeout"].options = with_version("3.5.4");
  plays["txn_prepare_bad_prepared_timeout"].prepare = loaded;
  plays["txn_prepare_bad_prepared_timeout"].check = [](Run& run) {
    EXPECT_EQ(status_of(run.cluster->at_backend("prepare", kLabel)), "OK");
  };
  plays["txn_prepare_db_mismatch"].prepare = loaded;
  plays["txn_commit_prepared"].prepare = prepared;
  plays["txn_commit_prepared"].check = state_is("VISIBLE");
  plays["txn_commit_again"].prepare = visible;
  plays["txn_commit_prepare_state_redirect"].prepare = begun_through_frontend;
  plays["txn_commit_single_phase_ok"].prepare = loaded_one_byte;
  plays["txn_commit_single_phase_ok"].check = state_is("VISIBLE");
  plays["txn_commit_single_phase_publish_timeout"].prepare = loaded_one_byte;
  plays["txn_commit_single_phase_publish_timeout"].play = [](Run& run) {
    (*run.cluster)->set_config("publish_delay_ms", "100000000");
    TestClient client(run.port());
    client.send(run.request.head());
    run.cluster->await_state(kLabel, "COMMITTED");
    (*run.cluster)->advance_clock(std::chrono::seconds(601));
    return client.read_reply();
  };
  plays["txn_commit_prepared_sent_to_be"].prepare = prepared;
  plays["txn_commit_prepared_sent_to_be"].check = state_is("PREPARED");
  plays["txn_commit_prepare_be_restarted"].prepare = [](Run& run) {
    loaded(run);
    (*run.cluster)->restart_backend(0);
  };
  plays["txn_rollback_prepare"].prepare = begun;
  plays["txn_rollback_prepare"].check = state_is("ABORTED");
  plays["txn_rollback_prepared"].prepare = prepared;
  plays["txn_rollback_prepared"].check = state_is("ABORTED");
  plays["txn_rollback_again"].prepare = aborted;
  plays["txn_rollback_visible"].prepare = visible;
}

void add_channel_and_multi(Plays& plays) {
  plays["txn_channel_begin"] = {};
  plays["txn_channel_commit_not_prepared"].prepare = [](Run& run) {
    for (const char* channel : {"0", "1"}) {
      const HeaderList headers = {
          {"channel_id", channel}, {"channel_num", "2"}, {"timeout", "600"}};
      EXPECT_EQ(status_of(run.cluster->at_frontend("begin", kLabel, headers)), "OK");
    }
    const HeaderList headers = {{"channel_id", "0"}, {"channel_num", "2"}};
    EXPECT_EQ(run.cluster->at_frontend("load", kLabel, headers).status, 307);
  };
  plays["txn_channel_unknown_label"] = {};
  plays["txn_multi_begin"].options = with_version("4.0.0");
  plays["txn_multi_begin_duplicate"].options = with_version("4.0.0");
  plays["txn_multi_begin_duplicate"].prepare = visible;
}

void add_state(Plays& plays) {
  plays["state_prepare"].prepare = begun;
  plays["state_prepared"].prepare = prepared;
  plays["state_committed"].prepare = committed_only;
  plays["state_visible"].prepare = visible;
  plays["state_aborted"].prepare = aborted;
  for (const char* name : {"state_unknown", "state_no_label", "state_unknown_db", "schema_ok",
                           "schema_unknown_db", "schema_v2_unknown_table", "feature_version"}) {
    plays[name] = {};
  }
  plays["state_follower"].options = with_follower;
  plays["cancel_ok"].prepare = begun;
  plays["cancel_ok"].check = [](Run& run) {
    expect_state(run, "ABORTED");
    EXPECT_EQ((*run.cluster)->label_reason("test_db", kLabel), "user cancel");
  };
  plays["cancel_not_prepare"].prepare = prepared;
  plays["cancel_not_prepare"].check = state_is("PREPARED");
  plays["health_fe"].options = [](Options& options) { options.backends = 3; };
  plays["old_fe_post_unknown_path"].options = with_version("2.3.0");
}

Plays make_plays() {
  Plays plays;
  add_frontend_stream_load(plays);
  add_backend_stream_load(plays);
  add_backend_http(plays);
  add_merge_commit(plays);
  add_begin(plays);
  add_load(plays);
  add_prepare_and_commit(plays);
  add_channel_and_multi(plays);
  add_state(plays);
  return plays;
}

}  // namespace

std::uint16_t VectorRun::port() {
  const std::string server = vector.at("server");
  if (server == "fe") return (*cluster)->fe_port();
  if (server == "fe-follower") return (*cluster)->follower_port();
  return (*cluster)->be_port(0);
}

const std::map<std::string, VectorPlay>& vector_plays() {
  static const Plays plays = make_plays();
  return plays;
}

}  // namespace emulator::testing

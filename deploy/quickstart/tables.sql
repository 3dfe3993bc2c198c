CREATE DATABASE test;

CREATE TABLE test.score_board (
  id int(11) NOT NULL COMMENT "",
  name varchar(65533) NULL DEFAULT "" COMMENT "",
  score int(11) NOT NULL DEFAULT "0" COMMENT ""
) ENGINE=OLAP PRIMARY KEY(id) DISTRIBUTED BY HASH(id);

CREATE TABLE test.page_uv (
  page_id INT NOT NULL COMMENT 'page ID',
  visit_date datetime NOT NULL COMMENT 'access time',
  visit_users BITMAP BITMAP_UNION NOT NULL COMMENT 'user ID'
) ENGINE=OLAP AGGREGATE KEY(page_id, visit_date) DISTRIBUTED BY HASH(page_id);

CREATE TABLE test.hll_uv (
  page_id INT NOT NULL,
  visit_date datetime NOT NULL,
  visit_users HLL HLL_UNION NOT NULL
) ENGINE=OLAP AGGREGATE KEY(page_id, visit_date) DISTRIBUTED BY HASH(page_id);

-- Of README.md, "Exactly-once": a row that came twice would be there twice.
CREATE TABLE test.events (
  id BIGINT NOT NULL,
  name VARCHAR(100) NULL,
  score INT NOT NULL
) ENGINE=OLAP DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);

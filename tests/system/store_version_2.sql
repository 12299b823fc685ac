-- A log as version 2 of the schema has left it (page size 16384, incremental vacuum), made by
--   sqlite3 messages.db .dump
-- after a clean stop. Never to be changed: files like it exist.
PRAGMA page_size = 16384;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 1397507406;
PRAGMA user_version = 2;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES('cleared_seq',0);
INSERT INTO meta VALUES('log_id','d99d2c4b8577913750939942eb312876');
INSERT INTO meta VALUES('next_client',4);
INSERT INTO meta VALUES('next_seq',4);
CREATE TABLE services (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO services VALUES(0,'udp-upper');
INSERT INTO services VALUES(1,'tcp-upper');
INSERT INTO services VALUES(2,'tcp-chat');
CREATE TABLE transports (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO transports VALUES(0,'udp');
INSERT INTO transports VALUES(1,'tcp');
INSERT INTO transports VALUES(2,'unix');
CREATE TABLE outcomes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO outcomes VALUES(0,'replied');
INSERT INTO outcomes VALUES(1,'reply_too_large');
INSERT INTO outcomes VALUES(2,'refused_own_listener');
INSERT INTO outcomes VALUES(3,'refused_reflecting_port');
INSERT INTO outcomes VALUES(4,'refused_not_unicast');
INSERT INTO outcomes VALUES(5,'refused_rate_limit');
INSERT INTO outcomes VALUES(6,'send_failed');
INSERT INTO outcomes VALUES(7,'peer_gone');
INSERT INTO outcomes VALUES(8,'after_close');
INSERT INTO outcomes VALUES(9,'unfinished');
CREATE TABLE closers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO closers VALUES(0,'peer');
INSERT INTO closers VALUES(1,'server');
INSERT INTO closers VALUES(2,'operator');
CREATE TABLE close_reasons (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO close_reasons VALUES(0,'exit');
INSERT INTO close_reasons VALUES(1,'answered');
INSERT INTO close_reasons VALUES(2,'eof');
INSERT INTO close_reasons VALUES(3,'reset');
INSERT INTO close_reasons VALUES(4,'idle_timeout');
INSERT INTO close_reasons VALUES(5,'disconnected');
INSERT INTO close_reasons VALUES(6,'shutdown');
INSERT INTO close_reasons VALUES(7,'forgotten');
INSERT INTO close_reasons VALUES(8,'evicted');
INSERT INTO close_reasons VALUES(9,'error');
CREATE TABLE runs ( -- starts of the gateway
  id INTEGER PRIMARY KEY,
  version TEXT NOT NULL,
  started_at INTEGER NOT NULL, -- like all times: nanoseconds since 1970, UTC
  ended_at INTEGER, -- NULL: still running, or killed
  first_seq INTEGER NOT NULL
);
INSERT INTO runs VALUES(1,'0.1.0',1795727090958695673,1795727091559673184,1);
CREATE TABLE listeners (
  id INTEGER PRIMARY KEY,
  service INTEGER NOT NULL, -- services.id
  transport INTEGER NOT NULL, -- transports.id
  name TEXT NOT NULL, -- 127.0.0.1:12000, unix:/run/chat
  UNIQUE (service, transport, name)
);
INSERT INTO listeners VALUES(1,0,0,'127.0.0.1:42892');
INSERT INTO listeners VALUES(2,1,1,'127.0.0.1:38635');
INSERT INTO listeners VALUES(3,2,1,'127.0.0.1:38393');
CREATE TABLE clients ( -- TCP connections, and remote addresses of UDP
  id INTEGER PRIMARY KEY,
  listener INTEGER NOT NULL, -- listeners.id
  peer TEXT NOT NULL,
  local TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  last_seen_at INTEGER,
  closed_at INTEGER, -- NULL: open; what follows is known at the end only
  closed_by INTEGER, -- closers.id
  close_reason INTEGER, -- close_reasons.id
  received_messages INTEGER,
  received_bytes INTEGER,
  sent_messages INTEGER,
  sent_bytes INTEGER,
  refused INTEGER,
  tcp_state INTEGER, -- the kernel's last word, tcp(7); NULL: not TCP
  tcp_rtt_us INTEGER,
  tcp_rttvar_us INTEGER,
  tcp_retransmits INTEGER,
  tcp_total_retransmits INTEGER,
  tcp_lost INTEGER,
  tcp_unacked INTEGER,
  tcp_snd_cwnd INTEGER,
  tcp_snd_mss INTEGER,
  tcp_rcv_mss INTEGER
);
INSERT INTO clients VALUES(1,1,'127.0.0.1:45526','127.0.0.1:42892',1795727091056211375,1795727091056918211,1795727091558907532,1,6,1,7,1,7,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO clients VALUES(2,2,'127.0.0.1:52360','127.0.0.1:38635',1795727091058170138,1795727091058280222,1795727091058298870,1,1,1,6,1,6,0,7,18,9,0,0,0,0,12,32768,536);
INSERT INTO clients VALUES(3,3,'127.0.0.1:38214','127.0.0.1:38393',1795727091058312981,1795727091058337558,1795727091058339250,0,2,1,2,1,22,0,8,7,3,0,0,0,0,11,32768,536);
CREATE TABLE lifecycle ( -- where between the messages a client came and went
  seq INTEGER NOT NULL, -- before this message
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL, -- 1 opened, 2 closed
  client INTEGER NOT NULL, -- clients.id
  PRIMARY KEY (seq, at, kind, client)
) WITHOUT ROWID;
INSERT INTO lifecycle VALUES(1,1795727091056211375,1,1);
INSERT INTO lifecycle VALUES(2,1795727091058170138,1,2);
INSERT INTO lifecycle VALUES(3,1795727091058298870,2,2);
INSERT INTO lifecycle VALUES(3,1795727091058312981,1,3);
INSERT INTO lifecycle VALUES(4,1795727091058339250,2,3);
INSERT INTO lifecycle VALUES(4,1795727091558907532,2,1);
CREATE TABLE messages ( -- easier to read: SELECT * FROM log
  seq INTEGER PRIMARY KEY,
  client INTEGER NOT NULL, -- clients.id; 0: none
  listener INTEGER NOT NULL, -- listeners.id
  outcome INTEGER NOT NULL, -- outcomes.id
  received_at INTEGER NOT NULL,
  replied_at INTEGER, -- NULL: no reply
  received, -- TEXT where it is valid UTF-8 without NUL, else BLOB
  sent, -- the same; NULL: no reply; 1: upper(received)
  received_size INTEGER, -- bytes on the wire; NULL: as many as are kept
  sent_size INTEGER, -- the same
  peer TEXT, -- NULL: the client's
  local TEXT -- NULL: the client's
, line_end INTEGER
  NOT NULL DEFAULT 0 /* came behind received, which is without it: 1 LF, 2 CRLF */);
INSERT INTO messages VALUES(1,1,1,0,1795727091056211375,1795727091056918200,'straße','STRASSE',NULL,NULL,NULL,NULL,0);
INSERT INTO messages VALUES(2,2,2,0,1795727091058211149,1795727091058280222,replace('hello\n','\n',char(10)),1,NULL,NULL,NULL,NULL,0);
INSERT INTO messages VALUES(3,3,3,0,1795727091058316997,1795727091058337558,'Hi',replace('Your data was 2 bytes\n','\n',char(10)),NULL,NULL,NULL,NULL,2);
CREATE TABLE gaps ( -- messages that are missing for ever
  from_seq INTEGER PRIMARY KEY,
  to_seq INTEGER NOT NULL, -- inclusive
  reason TEXT NOT NULL, -- evicted: left memory before it could be written
  at INTEGER NOT NULL
);
CREATE TABLE spans ( -- what some thousand messages in a row have, for searches to pass over
  last_seq INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  earliest INTEGER NOT NULL, -- messages.received_at
  latest INTEGER NOT NULL,
  services INTEGER NOT NULL, -- bits 1 << services.id
  outcomes INTEGER NOT NULL, -- bits 1 << outcomes.id
  largest INTEGER NOT NULL, -- bytes on the wire of either side
  lowest_client INTEGER NOT NULL,
  highest_client INTEGER NOT NULL,
  clients TEXT -- their ids; NULL: more than fit here
);
INSERT INTO spans VALUES(3,1,1795727091056211375,1795727091058316997,7,1,22,1,3,'1 2 3 ');
CREATE VIEW client_log AS -- the clients for a person
SELECT c.id,
  s.name AS service,
  t.name AS transport,
  l.name AS listener,
  c.peer AS address,
  c.local AS local_address,
  strftime('%Y-%m-%dT%H:%M:%S', c.opened_at / 1000000000, 'unixepoch') || printf('.%06dZ', c.opened_at / 1000 % 1000000) AS opened_at,
  strftime('%Y-%m-%dT%H:%M:%S', c.last_seen_at / 1000000000, 'unixepoch') || printf('.%06dZ', c.last_seen_at / 1000 % 1000000) AS last_seen_at,
  strftime('%Y-%m-%dT%H:%M:%S', c.closed_at / 1000000000, 'unixepoch') || printf('.%06dZ', c.closed_at / 1000 % 1000000) AS closed_at,
  b.name AS closed_by,
  r.name AS close_reason,
  c.received_messages, c.received_bytes, c.sent_messages, c.sent_bytes, c.refused,
  c.tcp_rtt_us AS rtt_us, c.tcp_total_retransmits AS retransmits
FROM clients c
LEFT JOIN listeners l ON l.id = c.listener
LEFT JOIN services s ON s.id = l.service
LEFT JOIN transports t ON t.id = l.transport
LEFT JOIN closers b ON b.id = c.closed_by
LEFT JOIN close_reasons r ON r.id = c.close_reason
;
CREATE VIEW log AS -- for a person; columns of text are NULL where it is not text
SELECT m.seq,
  strftime('%Y-%m-%dT%H:%M:%S', m.received_at / 1000000000, 'unixepoch') || printf('.%06dZ', m.received_at / 1000 % 1000000) AS received_at,
  strftime('%Y-%m-%dT%H:%M:%S', m.replied_at / 1000000000, 'unixepoch') || printf('.%06dZ', m.replied_at / 1000 % 1000000) AS replied_at,
  (m.replied_at - m.received_at) / 1000 AS service_us,
  s.name AS service,
  l.name AS listener,
  nullif(m.client, 0) AS client,
  coalesce(m.peer, c.peer) AS address,
  coalesce(m.local, c.local) AS local_address,
  o.name AS outcome,
  coalesce(m.received_size, length(CAST(m.received AS BLOB))) AS received_size,
  CASE typeof(m.received) WHEN 'text' THEN m.received END AS received_text,
  CASE typeof(m.received) WHEN 'blob' THEN hex(m.received) END AS received_hex,
  coalesce(m.sent_size, CASE typeof(m.sent) WHEN 'null' THEN 0 WHEN 'integer' THEN length(CAST(m.received AS BLOB)) ELSE length(CAST(m.sent AS BLOB)) END) AS sent_size,
  CASE typeof(m.sent) WHEN 'text' THEN m.sent WHEN 'integer' THEN upper(m.received) END AS sent_text,
  CASE typeof(m.sent) WHEN 'blob' THEN hex(m.sent) END AS sent_hex,
  CASE m.line_end WHEN 1 THEN 'LF' WHEN 2 THEN 'CRLF' END AS line_end
FROM messages m
LEFT JOIN listeners l ON l.id = m.listener
LEFT JOIN services s ON s.id = l.service
LEFT JOIN outcomes o ON o.id = m.outcome
LEFT JOIN clients c ON c.id = m.client
;
COMMIT;

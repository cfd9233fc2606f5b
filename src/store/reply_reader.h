/*
 * From Redis' protocol to replies.
 */
#ifndef QUIVER_STORE_REPLY_READER_H
#define QUIVER_STORE_REPLY_READER_H

#include "reply.h"

struct redisReader;
/** hiredis' reader, whose objects are struct qv_reply; freed with redisReaderFree. NULL: no memory
 *  is left. */
struct redisReader *qv_reply_reader_new(void);

#endif

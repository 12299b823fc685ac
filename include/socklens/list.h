/* Doubly linked lists whose links stand in what is linked. All zero is an empty list; each call
 * takes O(1); nothing is allocated. What takes part in several lists has a link for each. The
 * caller sees to threads. */
#ifndef SOCKLENS_LIST_H
#define SOCKLENS_LIST_H

#include <stddef.h>

struct sl_link {
    struct sl_link *previous, *next;
};

struct sl_list {
    struct sl_link *first, *last;
};

/* What a link is the `member` of; NULL for NULL. */
#define SL_LINKED(link, type, member) ((type *)sl_list_owner(link, offsetof(type, member)))

static inline void *sl_list_owner(struct sl_link *link, size_t offset)
{
    return link ? (char *)link - offset : NULL;
}

static inline void sl_list_append(struct sl_list *list, struct sl_link *link)
{
    link->previous = list->last;
    link->next = NULL;
    *(list->last ? &list->last->next : &list->first) = link;
    list->last = link;
}

/* It must be in this list. */
static inline void sl_list_remove(struct sl_list *list, struct sl_link *link)
{
    *(link->previous ? &link->previous->next : &list->first) = link->next;
    *(link->next ? &link->next->previous : &list->last) = link->previous;
}

#endif

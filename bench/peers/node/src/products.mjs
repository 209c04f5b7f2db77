// Products of CartOS as unified ones: every field present, amounts as decimal text, ids as text.

const KINDS = new Set(['variable', 'bundle', 'virtual']);
const STATES = new Set(['active', 'archived']);

const text = (value) => (value == null || String(value).trim() === '' ? null : String(value));
const id = (value) => (value == null ? null : String(value));
const money = (amount, currency) => (text(amount) === null ? null : { amount: String(amount), currency });
const weight = (value, unit) => (text(value) === null ? null : { value: String(value), unit: text(unit) });
const time = (value) => (value && !Number.isNaN(Date.parse(value)) ? value : null);

function variant(wire, productId, currency) {
  return {
    id: id(wire.id), product_id: productId, sku: text(wire.sku), barcode: text(wire.barcode), options: wire.options ?? {},
    price: money(wire.price, currency), compare_at: money(wire.compare_at_price, currency), cost: money(wire.cost, currency),
    weight: weight(wire.weight, wire.weight_unit),
    inventory: {
      tracked: wire.track_inventory ?? false, quantity: wire.track_inventory ? (wire.stock ?? null) : null,
      backorder: wire.allow_backorder ?? false, locations: [],
    },
    image_id: id(wire.image_id),
  };
}

export function product(wire) {
  const currency = wire.currency ?? null;
  const variants = (wire.variants ?? []).map((one) => variant(one, id(wire.id), currency));
  return {
    id: id(wire.id), remote_id: id(wire.id),
    type: KINDS.has(wire.type) ? wire.type : wire.type == null && variants.length > 1 ? 'variable' : 'simple',
    sku: text(wire.sku), name: wire.name, description_html: text(wire.description),
    status: STATES.has(wire.status) ? wire.status : 'draft', remote_status: wire.status, brand: text(wire.brand),
    categories: (wire.category_ids ?? []).map(id), tags: wire.tags ?? [],
    images: (wire.images ?? []).map((image, position) => ({ id: id(image.id), url: image.url, alt: text(image.alt), position })),
    options: (wire.options ?? []).map(({ name, values }) => ({ name, values: values ?? [] })), variants,
    price: money(wire.price, currency), compare_at: money(wire.compare_at_price, currency), tax_class: text(wire.tax_class),
    weight: weight(wire.weight, wire.weight_unit), dimensions: null,
    seo: { slug: text(wire.slug), title: text(wire.seo_title), description: text(wire.seo_description) }, meta: [],
    created_at: time(wire.created_at), updated_at: time(wire.updated_at), source_time: null,
  };
}

export function page({ products, pagination }) {
  const last = products.length === 0 || pagination.page >= pagination.total_pages;
  const cursor = last ? null : Buffer.from(JSON.stringify({ p: 'cartos', page: pagination.page + 1 })).toString('base64url');
  return { data: products.map(product), next_cursor: cursor };
}

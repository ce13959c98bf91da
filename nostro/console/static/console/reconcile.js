/* Reconcile by keys: J K move between lines, 1 to 9 choose a proposal, Enter matches, R to the reason why it
   is wrong, U undoes the last. All lines of the page are there already: moving asks nobody. Without this file each line is a link. */
(()=>{
const $=(s,r=document)=>r.querySelector(s),$$=(s,r=document)=>[...r.querySelectorAll(s)];
const lines=()=>$$('#reconcile [data-line]'),current=()=>$('#reconcile [data-line][aria-current]');
const panel=()=>$('#reconcile [data-panel]:not([hidden])');
function choose(a){
  lines().forEach(b=>b===a?b.setAttribute('aria-current','true'):b.removeAttribute('aria-current'));
  $$('#reconcile [data-panel]').forEach(p=>p.hidden=p.dataset.panel!==a.dataset.line);
  a.scrollIntoView({block:'nearest'});history.replaceState(history.state,'',a.href);
  const all=lines(),n=$$('input[name=proposal]',panel()).length;
  $('#said').textContent=`Line ${all.indexOf(a)+1} of ${all.length}: ${$('h2',panel()).textContent}. ${n===1?'1 proposal':n+' proposals'}.`}
document.addEventListener('click',e=>{
  const a=e.target.closest('#reconcile [data-line]');
  if(a&&!e.ctrlKey&&!e.metaKey&&!e.shiftKey){e.preventDefault();choose(a)}});
document.addEventListener('keydown',e=>{
  if(e.ctrlKey||e.metaKey||e.altKey||document.documentElement.dataset.keys==='off')return;
  const radio=e.target.matches('#reconcile input[name=proposal]');
  if(!radio&&e.target.matches('input,textarea,select'))return;
  const all=lines(),at=all.indexOf(current()),key=e.key.toLowerCase();
  if(key==='j'||key==='k'){
    if(!all.length)return;
    e.preventDefault();const to=at+(key==='j'?1:-1),more=$('#further');
    if(to===all.length&&more)location.assign(more.href);else if(to>=0&&to<all.length)choose(all[to])}
  else if(key>='1'&&key<='9'&&panel()){
    const one=$$('input[name=proposal]',panel())[key-1];if(one){e.preventDefault();one.checked=true;one.focus({preventScroll:true})}}
  else if(key==='enter'&&(radio||e.target===document.body||e.target.id==='main')){
    const b=panel()&&$('[data-confirm]',panel());if(b){e.preventDefault();b.click()}}
  else if(key==='r'){const f=panel()&&$('[data-reason]',panel());if(f){e.preventDefault();f.focus()}}
  else if(key==='u'){const b=$('#reconcile [data-undo]');if(b){e.preventDefault();b.click()}}
});
/* a line that is decided leaves; whoever works by keys goes on from the page, not from a button that is gone */
document.addEventListener('htmx:after:swap',()=>{const a=current();if(a)a.scrollIntoView({block:'nearest'})});
})();
